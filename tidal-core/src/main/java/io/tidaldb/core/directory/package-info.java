/** A node's data directory: whose it is, and who has it open. */
@NullMarked
package io.tidaldb.core.directory;

import org.jspecify.annotations.NullMarked;

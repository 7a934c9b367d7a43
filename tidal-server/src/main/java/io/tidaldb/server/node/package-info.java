/** A node as a process: what it opens, what it serves, how it stops. */
@NullMarked
package io.tidaldb.server.node;

import org.jspecify.annotations.NullMarked;

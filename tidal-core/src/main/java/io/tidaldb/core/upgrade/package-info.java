/** What is agreed on the upgrade of nodes, and what versions have to do with each other. */
@NullMarked
package io.tidaldb.core.upgrade;

import org.jspecify.annotations.NullMarked;

/** The control log "ratis": several nodes agree on its order with Raft. */
@NullMarked
package io.tidaldb.control.ratis;

import org.jspecify.annotations.NullMarked;

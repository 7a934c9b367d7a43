/** Where decisions are kept: the control log "local" of a node that has no peers. */
@NullMarked
package io.tidaldb.core.control;

import org.jspecify.annotations.NullMarked;

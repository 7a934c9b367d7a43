/**
 * Who leads a slot: leases, taking over, handing over, promoting, coming home, leaving. Which nodes have replicas is not decided here.
 */
@NullMarked
package io.tidaldb.core.leading;

import org.jspecify.annotations.NullMarked;

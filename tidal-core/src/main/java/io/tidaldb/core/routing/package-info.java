/** Which shard an entity of a tenant lives on: slots, placements, residency, and the placement policy "rendezvous". */
@NullMarked
package io.tidaldb.core.routing;

import org.jspecify.annotations.NullMarked;

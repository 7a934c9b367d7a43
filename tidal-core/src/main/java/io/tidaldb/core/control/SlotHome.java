package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;

/**
 * A shard beside the one that has a slot: it is being given the slot, or had it before.
 *
 * @param slot the slot's number
 * @param replica the one that passes on to the shard's others what the leader of the slot has
 * @param held whether the shard holds the slot
 * @param wrote whether the shard had the slot once, so that its replicas wrote to it
 */
public record SlotHome(int slot, ReplicaId replica, boolean held, boolean wrote) {}

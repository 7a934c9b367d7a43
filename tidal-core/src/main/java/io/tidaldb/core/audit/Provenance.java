package io.tidaldb.core.audit;

/**
 * What goes with a proposed change.
 *
 * @param atMillis when it was proposed, milliseconds since 1970 by the proposer's clock
 */
public record Provenance(Actor actor, long atMillis) {}

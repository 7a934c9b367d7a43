package io.tidaldb.core;

/**
 * What was found by reading again what the nodes of a process hold, since it was started.
 *
 * @param passes how often all of it was read
 * @param bytes how much was read
 * @param damaged how often a replica of a slot was found to be damaged, by this or otherwise
 * @param refetched how many were thrown away and fetched from another replica again
 */
public record ScrubFigures(long passes, long bytes, long damaged, long refetched) {}

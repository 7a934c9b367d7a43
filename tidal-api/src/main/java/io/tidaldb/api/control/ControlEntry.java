package io.tidaldb.api.control;

/**
 * A committed command.
 *
 * @param index 1 for the first; without gaps
 * @param command the bytes that were proposed; must not be changed
 */
public record ControlEntry(long index, byte[] command) {}

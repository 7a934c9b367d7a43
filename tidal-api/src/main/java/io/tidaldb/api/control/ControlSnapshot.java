package io.tidaldb.api.control;

/**
 * The state after an entry, in the form that its maker understands.
 *
 * @param index of the last entry that the state holds; 0 if it holds none
 * @param state must not be changed
 */
public record ControlSnapshot(long index, byte[] state) {}

package io.tidaldb.core.control;

/**
 * A declared type of signal.
 *
 * @param index 0 to 255
 */
public record SchemaEntry(int index, String name, long halfLifeNanos) {}

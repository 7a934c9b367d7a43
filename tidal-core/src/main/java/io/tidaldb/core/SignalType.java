package io.tidaldb.core;

import java.time.Duration;

/**
 * A declared type of signal.
 *
 * @param index its number in records, 0 to 255; never used for another type
 * @param name 1 to 64 characters: letters, digits, {@code _}, {@code -}, {@code .}
 * @param halfLife the time in which a score halves; 1 second to 100 years
 */
public record SignalType(int index, String name, Duration halfLife) {}

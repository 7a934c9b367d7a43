package io.tidaldb.bench;

/** What is measured, with its unit. In the order of a table's columns. */
enum Figure {
    RATE("a second", "%,.0f"),
    P50_MICROS("p50 µs", "%,.0f"),
    P99_MICROS("p99 µs", "%,.0f"),
    P999_MICROS("p99.9 µs", "%,.0f"),
    CPU_NANOS("CPU ns each", "%,.0f"),
    NANOS("ns each", "%,.1f"),
    BYTES("bytes each", "%,.1f"),
    READ_P99_NANOS("p99 ns of a read", "%,.0f");

    private final String text;
    private final String format;

    Figure(String text, String format) {
        this.text = text;
        this.format = format;
    }

    String text() {
        return text;
    }

    String format() {
        return format;
    }
}

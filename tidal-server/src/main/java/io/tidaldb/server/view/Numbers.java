package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Unsigned 64-bit numbers in JSON: as text from 2^53 on, where many readers of JSON would round them. */
public final class Numbers {

    private static final long EXACT = 1L << 53;

    private Numbers() {}

    /** Adds a number. */
    public static ObjectNode put(ObjectNode object, String name, long value) {
        return Long.compareUnsigned(value, EXACT) <= 0
                ? object.put(name, value)
                : object.put(name, Long.toUnsignedString(value));
    }
}

package com.example.forage;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.Signal;

/** Something to read. Its key, which names it in the store, is where it comes from and what it is called. */
record Item(String source, String title, String label, EntityId entity) {

    static Item of(String source, String title, String label) {
        return new Item(
                source, title, label, Signal.of("shown", key(source, title), 1).entity());
    }

    String key() {
        return key(source, title);
    }

    private static String key(String source, String title) {
        return source + ": " + title;
    }

    /** Returns what the bandit pulls: items of one label from one source. */
    Arm arm() {
        return new Arm(source, label);
    }
}

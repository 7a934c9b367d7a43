package com.example.forage;

/** One of the things that a feed can be filled with. What a user made of it is counted under a name of its own. */
record Arm(String source, String label) implements Comparable<Arm> {

    /** Returns the name under which signals of a user about this arm are recorded. */
    String nameFor(long user) {
        return "arm/" + user + "/" + source + "/" + label;
    }

    @Override
    public int compareTo(Arm other) {
        int bySource = source.compareTo(other.source);
        return bySource != 0 ? bySource : label.compareTo(other.label);
    }
}

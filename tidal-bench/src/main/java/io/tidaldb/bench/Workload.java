package io.tidaldb.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Work that contenders do by turns. The first is the reference, which the others are held against. */
final class Workload {

    private final String name;
    private final Map<String, Contender.Opening> contenders = new LinkedHashMap<>();
    private final List<Target> targets = new ArrayList<>();

    Workload(String name) {
        this.name = name;
    }

    Workload add(String contender, Contender.Opening opening) {
        contenders.put(contender, opening);
        return this;
    }

    Workload target(Target target) {
        targets.add(target);
        return this;
    }

    String name() {
        return name;
    }

    Map<String, Contender.Opening> contenders() {
        return contenders;
    }

    List<Target> targets() {
        return targets;
    }
}

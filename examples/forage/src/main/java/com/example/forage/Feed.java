package com.example.forage;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What users are shown. Everything that is learnt is signals in Tidal: per item, from all users, to rank items within an arm; per user and arm,
 * to choose arms. What a user has hidden never comes back.
 */
final class Feed {

    static final TenantId TENANT = TenantId.of(1);

    private final Tenant tenant;
    private final Supplier<List<Item>> sources;
    private final Bandit bandit;

    Feed(Tidal tidal, Supplier<List<Item>> sources, Bandit bandit) {
        this.tenant = tidal.tenant(TENANT)
                .orElseGet(() -> tidal.createTenant(
                        TenantConfig.builder(TENANT).label("forage").build()));
        this.sources = sources;
        this.bandit = bandit;
    }

    /** Returns up to a number of items for a user, and remembers that they were shown. */
    synchronized List<Item> next(long user, int count) {
        SortedMap<Arm, Queue<Item>> arms = ranked(visible(user));
        Map<Arm, Belief> beliefs = beliefs(user, List.copyOf(arms.keySet()));
        List<Item> chosen = new ArrayList<>();
        while (chosen.size() < count && !arms.isEmpty()) {
            Arm arm = choose(beliefs, arms);
            chosen.add(arms.get(arm).remove());
            if (arms.get(arm).isEmpty()) {
                arms.remove(arm);
            }
        }
        List<Signal> signals = new ArrayList<>();
        for (Item item : chosen) {
            signals.add(Signal.of("shown", item.key(), 1));
            signals.add(Signal.of("shown", item.arm().nameFor(user), 1));
        }
        if (!signals.isEmpty()) {
            tenant.recordAll(signals);
        }
        return chosen;
    }

    /** Remembers that a user likes an item. */
    void like(long user, Item item) {
        tenant.recordAll(List.of(
                Signal.of("liked", item.key(), 1), Signal.of("liked", item.arm().nameFor(user), 1)));
    }

    /** Never shows an item to a user again. */
    void hide(long user, Item item) {
        tenant.hide(user, item.entity().value());
    }

    /** How much of what was shown of an arm a user liked, 0 to 1; half as long as nothing is known. */
    record Taste(Arm arm, double liked) {}

    /** Returns what is believed of a user, the arms that please most first. */
    List<Taste> tastes(long user, int count) {
        List<Arm> arms =
                sources.get().stream().map(Item::arm).distinct().sorted().toList();
        return beliefs(user, arms).entrySet().stream()
                .map(each -> new Taste(each.getKey(), each.getValue().mean()))
                .sorted(Comparator.comparingDouble((Taste taste) -> -taste.liked())
                        .thenComparing(Taste::arm))
                .limit(count)
                .toList();
    }

    private List<Item> visible(long user) {
        Map<EntityId, Item> items = new HashMap<>();
        sources.get().forEach(item -> items.put(item.entity(), item));
        return tenant.negatives().visible(EntityId.of(user), List.copyOf(items.keySet()), ReadOptions.DEFAULT).stream()
                .map(items::get)
                .toList();
    }

    /** Returns items by arm, each with those first that all users like most and were shown least. */
    private SortedMap<Arm, Queue<Item>> ranked(List<Item> items) {
        List<EntityId> entities = items.stream().map(Item::entity).toList();
        List<Reading> liked = tenant.readAll("liked", entities, ReadOptions.DEFAULT);
        List<Reading> shown = tenant.readAll("shown", entities, ReadOptions.DEFAULT);
        Map<Item, Double> scores = new HashMap<>();
        for (int i = 0; i < items.size(); i++) {
            scores.put(
                    items.get(i), (1 + liked.get(i).score()) / (2 + shown.get(i).score()));
        }
        SortedMap<Arm, Queue<Item>> arms = new TreeMap<>();
        for (Item item : items) {
            arms.computeIfAbsent(
                            item.arm(),
                            arm -> new PriorityQueue<>(Comparator.comparingDouble((Item each) -> -scores.get(each))
                                    .thenComparing(Item::key)))
                    .add(item);
        }
        return arms;
    }

    private record Belief(double shown, double liked) {

        /** Returns the mean of what the bandit draws. */
        double mean() {
            return (1 + liked) / (2 + Math.max(shown, liked));
        }
    }

    private Map<Arm, Belief> beliefs(long user, List<Arm> arms) {
        List<EntityId> names = arms.stream()
                .map(arm -> Signal.of("shown", arm.nameFor(user), 1).entity())
                .toList();
        List<Reading> shown = tenant.readAll("shown", names, ReadOptions.DEFAULT);
        List<Reading> liked = tenant.readAll("liked", names, ReadOptions.DEFAULT);
        Map<Arm, Belief> beliefs = new HashMap<>();
        for (int i = 0; i < arms.size(); i++) {
            beliefs.put(
                    arms.get(i), new Belief(shown.get(i).score(), liked.get(i).score()));
        }
        return beliefs;
    }

    private Arm choose(Map<Arm, Belief> beliefs, SortedMap<Arm, Queue<Item>> arms) {
        Arm best = arms.firstKey();
        double highest = -1;
        for (Arm arm : arms.keySet()) {
            Belief belief = beliefs.get(arm);
            double drawn = bandit.draw(belief.shown(), belief.liked());
            if (drawn > highest) {
                highest = drawn;
                best = arm;
            }
        }
        return best;
    }
}

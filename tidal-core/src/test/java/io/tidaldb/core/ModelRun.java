package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;

/**
 * A random story of one instance, told beside a model that knows nothing but lists of events and is asked the same questions. Uses the
 * public API alone, with event times and reading times of its own, so that the same seed tells the same story on every store.
 */
public final class ModelRun {

    private static final Instant START = Instant.parse("2025-03-01T09:58:00Z");
    private static final Map<String, Duration> SIGNALS =
            new TreeMap<>(Map.of("view", Duration.ofDays(7), "like", Duration.ofHours(5), "skip", Duration.ofDays(90)));
    private static final List<String> TYPES = List.copyOf(SIGNALS.keySet());
    private static final int SHARDS = 3;

    private final SplittableRandom random;
    private final boolean durable;
    private final Opener opener;
    private final Map<Long, Model> models = new TreeMap<>();
    private Tidal tidal;
    private Instant now = START;
    private long nextKey;
    private boolean truncating;

    /** Opens the instance, new or again. */
    @FunctionalInterface
    public interface Opener {

        /** Opens the same data as before; the builder has everything but where that is. */
        Tidal open(TidalBuilder builder);
    }

    private record Event(String type, long entity, double weight, Instant at) {}

    private record Write(List<Signal> signals, Position position) {}

    private static final class Model {

        private TenantConfig config;
        private final List<Event> events = new ArrayList<>();
        private final Map<IdempotencyKey, Write> keys = new TreeMap<>();
        private final Map<Long, String> names = new TreeMap<>();
        private boolean truncated;

        Model(TenantConfig config) {
            this.config = config;
        }

        List<Event> of(String type, long entity) {
            return events.stream()
                    .filter(event -> event.type.equals(type) && event.entity == entity)
                    .toList();
        }

        SortedSet<Long> entities(String type) {
            TreeSet<Long> entities = new TreeSet<>();
            events.stream().filter(event -> event.type.equals(type)).forEach(event -> entities.add(event.entity));
            return entities;
        }

        double score(String type, long entity, Instant asked) {
            List<Event> own = of(type, entity);
            Instant at = asOf(own, asked);
            double halfLife = SIGNALS.getOrDefault(type, Duration.ZERO).toNanos();
            return own.stream()
                    .mapToDouble(event -> event.weight
                            * Math.pow(2, -Duration.between(event.at, at).toNanos() / halfLife))
                    .sum();
        }

        static Instant asOf(List<Event> own, Instant asked) {
            return own.stream().map(Event::at).reduce(asked, (a, b) -> a.isAfter(b) ? a : b);
        }

        static long within(List<Event> own, Instant at, long bucketSeconds, long buckets) {
            return own.stream()
                    .filter(event ->
                            at.getEpochSecond() / bucketSeconds - event.at.getEpochSecond() / bucketSeconds < buckets)
                    .count();
        }
    }

    private ModelRun(long seed, boolean durable, Opener opener) {
        this.durable = durable;
        this.random = new SplittableRandom(seed);
        this.opener = opener;
        this.tidal = open();
    }

    /**
     * Tells one story.
     *
     * @param durable whether what was opened before is there when it is opened again; otherwise it is opened once
     * @throws AssertionError naming the seed and the step where instance and model part
     */
    public static void run(long seed, int steps, boolean durable, Opener opener) {
        ModelRun run = new ModelRun(seed, durable, opener);
        for (int step = 0; step < steps; step++) {
            try {
                run.step();
                if (step % 20 == 19) {
                    run.compareAll();
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ", step " + step + ": " + e.getMessage(), e);
            }
        }
        run.tidal.close();
    }

    private Tidal open() {
        TidalBuilder builder = Tidal.builder().topology(Topology.regions(1).shards(SHARDS));
        SIGNALS.forEach(builder::signal);
        truncating = durable && random.nextInt(4) == 0;
        return opener.open(truncating ? builder.retention(Duration.ZERO) : builder);
    }

    private void step() {
        now = now.plusSeconds(random.nextInt(1, 2_000));
        int what = random.nextInt(100);
        if (what < 6 || models.isEmpty()) {
            create();
        } else if (what < 9) {
            update();
        } else if (what < 11) {
            delete();
        } else if (what < 62) {
            record();
        } else if (what < 70) {
            retry();
        } else if (what < 73) {
            nonsense();
        } else if (what < 88) {
            compare(any());
        } else if (what < 93) {
            checkpoint();
        } else if (durable) {
            end(what < 97);
        }
    }

    private long any() {
        List<Long> ids = List.copyOf(models.keySet());
        return ids.get(random.nextInt(ids.size()));
    }

    private Model model(long id) {
        Model model = models.get(id);
        if (model == null) {
            throw new IllegalStateException("no tenant " + id);
        }
        return model;
    }

    private Tenant tenant(long id) {
        return tidal.tenant(TenantId.of(id)).orElseThrow();
    }

    private void create() {
        long id = random.nextInt(5);
        TenantConfig.Builder config = TenantConfig.builder(TenantId.of(id)).slots(random.nextInt(1, SHARDS + 1));
        if (random.nextBoolean()) {
            config.label("tenant " + id);
        }
        if (random.nextInt(3) == 0) {
            config.maxEntities(random.nextInt(5, 25));
        }
        if (random.nextInt(3) == 0) {
            config.durability(Durability.ASYNC);
        }
        if (models.containsKey(id)) {
            fails(ErrorCode.TENANT_EXISTS, () -> tidal.createTenant(config.build()));
        } else {
            tidal.createTenant(config.build());
            models.put(id, new Model(config.build()));
        }
    }

    private void update() {
        long id = any();
        TenantConfig.Builder config = model(id).config.toBuilder();
        if (random.nextBoolean()) {
            config.label(random.nextBoolean() ? "default" : "renamed " + id);
        } else {
            config.maxEntities(random.nextInt(5, 60));
        }
        tidal.updateTenant(config.build());
        model(id).config = config.build();
    }

    private void delete() {
        long id = any();
        Tenant deleted = tenant(id);
        tidal.deleteTenant(TenantId.of(id));
        models.remove(id);
        assertThat(tidal.tenant(TenantId.of(id))).isEmpty();
        fails(ErrorCode.TENANT_NOT_FOUND, () -> deleted.total("view"));
    }

    private Signal signal() {
        String type = TYPES.get(random.nextInt(TYPES.size()));
        double weight = (float) (random.nextDouble() * 20 - 4);
        Instant at = now.minusSeconds(random.nextInt(4) == 0 ? random.nextInt(900_000) : random.nextInt(60));
        Signal signal = random.nextInt(3) == 0
                ? Signal.of(type, "name " + random.nextInt(10), weight)
                : Signal.of(type, random.nextInt(20), weight);
        return signal.at(at);
    }

    private void record() {
        long id = any();
        Model model = model(id);
        List<Signal> signals = new ArrayList<>();
        for (int n = random.nextInt(1, 9); n > 0; n--) {
            signals.add(signal());
        }
        WriteOptions options = WriteOptions.DEFAULT;
        if (random.nextInt(3) == 0) {
            options = options.with(random.nextBoolean() ? Durability.ASYNC : Durability.LOCAL);
        }
        IdempotencyKey key = random.nextBoolean() ? new IdempotencyKey(id, nextKey++) : null;
        WriteOptions chosen = key == null ? options : options.with(key);
        if (overCap(model, signals)) {
            fails(ErrorCode.QUOTA_EXCEEDED, () -> tenant(id).recordAll(signals, chosen));
            return;
        }
        Position position = tenant(id).recordAll(signals, chosen);
        for (Signal signal : signals) {
            model.events.add(new Event(
                    signal.type(), signal.entity().value(), signal.weight(), EventTime.instant(signal.eventNanos())));
            if (signal.name() != null) {
                model.names.put(signal.entity().value(), signal.name());
            }
        }
        if (key != null) {
            model.keys.put(key, new Write(signals, position));
        }
        Signal last = signals.get(signals.size() - 1);
        compare(id, last.type(), last.entity().value(), ReadOptions.at(now).atLeast(position));
    }

    private static boolean overCap(Model model, List<Signal> signals) {
        TreeSet<Long> known = new TreeSet<>();
        model.events.forEach(event -> known.add(event.entity));
        int before = known.size();
        signals.forEach(signal -> known.add(signal.entity().value()));
        return model.config.maxEntities().isPresent()
                && known.size() > before
                && known.size() > model.config.maxEntities().getAsLong();
    }

    private void retry() {
        long id = any();
        Map<IdempotencyKey, Write> keys = model(id).keys;
        if (keys.isEmpty()) {
            return;
        }
        IdempotencyKey key = List.copyOf(keys.keySet()).get(random.nextInt(keys.size()));
        Write first = keys.getOrDefault(key, new Write(List.of(), new Position(List.of())));
        WriteOptions options = WriteOptions.DEFAULT.with(key);
        if (random.nextBoolean()) {
            assertThat(tenant(id).recordAll(first.signals, options)).isEqualTo(first.position);
        } else {
            List<Signal> other = new ArrayList<>(first.signals);
            Signal changed = other.get(0);
            other.set(0, new Signal(changed.type(), changed.entity(), changed.name(), 77, changed.eventNanos()));
            fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> tenant(id).recordAll(other, options));
        }
    }

    private void nonsense() {
        long id = any();
        Tenant tenant = tenant(id);
        fails(ErrorCode.UNKNOWN_SIGNAL, () -> tenant.recordAll(List.of(signal(), Signal.of("nothing", 1, 1))));
        fails(
                ErrorCode.EVENT_TIME_TOO_FAR,
                () -> tenant.recordAll(List.of(signal(), signal().at(Instant.parse("2200-01-01T00:00:00Z")))));
        fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.recordAll(List.of()));
        fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.top("view", 0));
    }

    private void checkpoint() {
        tidal.checkpoint();
        if (truncating) {
            models.values().forEach(model -> model.truncated = true);
        }
    }

    private void end(boolean crash) {
        if (truncating) {
            models.values().forEach(model -> model.truncated = true);
        }
        if (crash) {
            // Whoever reads a log syncs first, so that the crash loses nothing that was acknowledged before.
            tidal.tenants().forEach(tenant -> tenant.export(signal -> {}));
            tidal.abandon();
        } else {
            tidal.close();
        }
        tidal = open();
        compareAll();
    }

    private void compareAll() {
        assertThat(tidal.tenants().stream().map(tenant -> tenant.id().value()))
                .containsExactlyElementsOf(models.keySet());
        models.keySet().forEach(this::compare);
    }

    private void compare(long id) {
        Model model = model(id);
        Tenant tenant = tenant(id);
        assertThat(tenant.config()).isEqualTo(model.config);
        for (String type : TYPES) {
            long total = model.events.stream()
                    .filter(event -> event.type.equals(type))
                    .count();
            assertThat(tenant.total(type)).as("total of %s", type).isEqualTo(total);
            assertThat(tenant.entities(type)).isEqualTo(model.entities(type).size());
            for (long entity : model.entities(type)) {
                compare(id, type, entity, ReadOptions.at(now.minusSeconds(random.nextInt(3) * 40_000L)));
            }
            compareTop(tenant, model, type);
        }
        TreeSet<Long> all = new TreeSet<>();
        model.events.forEach(event -> all.add(event.entity));
        assertThat(tenant.usage().entities()).isEqualTo(all.size());
        assertThat(tenant.usage().accepted()).isEqualTo(model.events.size());
        if (!model.truncated) {
            List<Event> exported = new ArrayList<>();
            tenant.export(signal -> exported.add(new Event(
                    signal.type(), signal.entity().value(), signal.weight(), EventTime.instant(signal.eventNanos()))));
            assertThat(exported).containsExactlyInAnyOrderElementsOf(model.events);
        }
    }

    private void compare(long id, String type, long entity, ReadOptions options) {
        Model model = model(id);
        List<Event> own = model.of(type, entity);
        Instant at = Model.asOf(own, options.at().orElseThrow());
        Reading reading = tenant(id).read(type, entity, options);
        assertThat(reading.asOf()).isEqualTo(at);
        assertThat(reading.score())
                .as("score of %s %d", type, entity)
                .isCloseTo(model.score(type, entity, at), near(model.score(type, entity, at)));
        assertThat(reading.count()).isEqualTo(own.size());
        assertThat(reading.count(Window.ONE_HOUR)).isEqualTo(Model.within(own, at, 60, 60));
        assertThat(reading.count(Window.ONE_DAY)).isEqualTo(Model.within(own, at, 3_600, 24));
        assertThat(reading.count(Window.SEVEN_DAYS)).isEqualTo(Model.within(own, at, 3_600, 168));
        assertThat(reading.velocity(Window.ONE_DAY)).isEqualTo(Model.within(own, at, 3_600, 24) / 86_400.0);
        String name = model.names.get(entity);
        if (name != null) {
            assertThat(tenant(id).read(type, name, options)).isEqualTo(reading);
        }
    }

    private static Offset<Double> near(double value) {
        return Offset.offset(1e-6 * Math.max(1, Math.abs(value)));
    }

    private void compareTop(Tenant tenant, Model model, String type) {
        List<Double> scores = new ArrayList<>();
        model.entities(type).forEach(entity -> scores.add(model.score(type, entity, now)));
        scores.sort((a, b) -> Double.compare(b, a));
        int k = random.nextInt(1, 12);
        List<ScoredEntity> top = tenant.top(type, k, ReadOptions.at(now));
        assertThat(top).hasSize(Math.min(k, scores.size()));
        for (int rank = 0; rank < top.size(); rank++) {
            ScoredEntity found = top.get(rank);
            EntityId entity = found.entity();
            assertThat(found.score()).isCloseTo(scores.get(rank), near(scores.get(rank)));
            assertThat(found.score()).isCloseTo(model.score(type, entity.value(), now), near(found.score()));
            assertThat(found.name()).isEqualTo(model.names.get(entity.value()));
        }
        assertThat(top).extracting(ScoredEntity::entity).doesNotHaveDuplicates();
    }

    private static void fails(ErrorCode code, ThrowingCallable call) {
        TidalException failure = catchThrowableOfType(TidalException.class, call);
        assertThat(failure).as("a failure with %s", code).isNotNull();
        assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    }
}

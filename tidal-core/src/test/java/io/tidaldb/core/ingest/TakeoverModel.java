package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.Exploration;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.leading.NextLeader;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Three replicas of a slot, as far as it matters who leads: what each holds of which log, which epoch it knows of, what was acknowledged.
 * One write at {@code MAJORITY}, which is retried once under its key, and one at {@code LOCAL}. What is decided, is decided by the product's
 * own functions: who leads next ({@link NextLeader}), what a takeover closes and what counts ({@link FoldNotes}), how many are enough
 * ({@link ShardReplicas}).
 *
 * <p>The clock that a leader measures its lease with is trusted for {@code LOCAL} only: {@code MAJORITY} has to be safe without.
 *
 * <p>A state; each step leads to a copy.
 */
final class TakeoverModel implements Exploration.State<TakeoverModel> {

    private static final int NODES = 3;
    private static final int NOBODY = -1;
    private static final int WRITES = 3;
    private static final int LOCAL_WRITE = 1;
    private static final int RETRY = 2;

    /** What an implementation might get wrong. */
    enum Mistake {
        /** Nothing. */
        NONE,
        /** A tail counts with the writes that were made again meanwhile. */
        ADOPTS_WITHOUT_VOIDS,
        /** A replica says that it has everything as soon as it leads. */
        SERVES_BEFORE_THE_UNION,
        /** A replica that crashes forgets which epoch it has told others that it is in. */
        SEALS_WITHOUT_SYNC
    }

    /** A record: a write under its key, or what governs what counts. */
    private sealed interface Entry {

        /** Returns a number that no other entry is likely to have. */
        long digest();
    }

    private record Write(int key) implements Entry {

        @Override
        public long digest() {
            return key;
        }
    }

    private record Governs(ControlRecord record) implements Entry {

        @Override
        public long digest() {
            return Hashing.xxh3_64().hashBytesToLong(record.encode());
        }
    }

    /** A log, whose replicas hold parts of it from its beginning. */
    private record Log(Origin origin, List<Entry> entries, long hash) {

        private static final long GOLDEN = 0x9E3779B97F4A7C15L;

        static Log of(Origin origin) {
            return new Log(origin, List.of(), (origin.hashCode() + 1L) * GOLDEN);
        }

        Log plus(Entry entry) {
            List<Entry> longer = new ArrayList<>(entries);
            longer.add(entry);
            return new Log(
                    origin, List.copyOf(longer), Long.rotateLeft((hash ^ (2L * entry.digest() + 1)) * GOLDEN, 29));
        }
    }

    private enum Fate {
        UNSENT,
        PENDING,
        ACKNOWLEDGED,
        UNKNOWN
    }

    /** A write as its client sees it, and where it waits. */
    private record Attempt(Fate fate, int node, int log, int length) {

        static final Attempt UNSENT = new Attempt(Fate.UNSENT, NOBODY, 0, 0);

        Attempt become(Fate next) {
            return new Attempt(next, node, log, length);
        }
    }

    /** What a replica's logs come to. */
    private record Folded(FoldNotes notes, SortedMap<Integer, int[]> counted, boolean repeated, int tail) {}

    /** What was worked out already, for all states: by the logs and how far they are held. */
    private final Map<Long, Folded> folds;

    private final Map<Long, Integer> elections;

    private final Mistake mistake;
    private final @Nullable TakeoverModel before;
    private final String step;

    // What is agreed. Epochs begin at 1; so do these lists, at index 1.
    private int epoch = 1;
    private int[] leaders = {NOBODY, 0};

    /** The newest incarnation of each, by epoch. */
    private int[][] incarnations = {new int[NODES], new int[NODES]};

    private boolean expired;
    private final int[][] answers = new int[NODES][];

    // The logs. Each was begun by the leader of an epoch when it came to know of it.
    private List<Log> logs = List.of(Log.of(origin(0, 0)));
    private int[] logOfEpoch = {NOBODY, 0};

    // The replicas.
    private final boolean[] up = {true, true, true};
    private final int[] known = {1, 1, 1};
    private final boolean[] leads = {true, false, false};
    private final boolean[] gathering = new boolean[NODES];
    private final int[][] held = {{0}, {0}, {0}};

    /** What each held when it left an epoch: what it has said until then may be on its way for as long as one likes. */
    private final int[][][] left = new int[NODES][][];

    private final @Nullable Folded[] folded = new Folded[NODES];

    private int isolated = NOBODY;

    private final Attempt[] attempts = {Attempt.UNSENT, Attempt.UNSENT, Attempt.UNSENT};
    private boolean heldByMajority;
    private boolean adoptedInVain;

    // What may still go wrong.
    private int crashes = 1;
    private int partitions = 1;
    private int expiries;

    /**
     * The beginning: the first replica leads, and nothing is written.
     *
     * @param expiries how often a leader's lease may run out
     */
    TakeoverModel(Mistake mistake, int expiries) {
        this.folds = new HashMap<>();
        this.elections = new HashMap<>();
        this.mistake = mistake;
        this.expiries = expiries;
        Arrays.fill(left, new int[0][]);
        this.before = null;
        this.step = "begins";
    }

    private TakeoverModel(TakeoverModel from, String step) {
        folds = from.folds;
        elections = from.elections;
        mistake = from.mistake;
        before = from;
        this.step = step;
        epoch = from.epoch;
        leaders = from.leaders;
        incarnations = from.incarnations;
        expired = from.expired;
        logs = from.logs;
        logOfEpoch = from.logOfEpoch;
        isolated = from.isolated;
        heldByMajority = from.heldByMajority;
        crashes = from.crashes;
        partitions = from.partitions;
        expiries = from.expiries;
        for (int node = 0; node < NODES; node++) {
            answers[node] = from.answers[node];
            up[node] = from.up[node];
            known[node] = from.known[node];
            leads[node] = from.leads[node];
            gathering[node] = from.gathering[node];
            held[node] = from.held[node];
            left[node] = from.left[node];
            folded[node] = from.folded[node];
        }
        System.arraycopy(from.attempts, 0, attempts, 0, WRITES);
    }

    private static Origin origin(int node, int incarnation) {
        return new Origin(RegionId.of(node), ShardId.of(0), incarnation);
    }

    private static int key(int attempt) {
        return attempt == RETRY ? 0 : attempt;
    }

    // What can happen next

    @Override
    public boolean next(Consumer<TakeoverModel> states) {
        List<TakeoverModel> progress = new ArrayList<>();
        for (int node = 0; node < NODES; node++) {
            progressOf(node, progress::add);
        }
        for (int attempt = 0; attempt < WRITES; attempt++) {
            submit(attempt, progress::add);
            acknowledge(attempt, progress::add);
        }
        agree(progress::add);
        if (isolated != NOBODY) {
            TakeoverModel after = new TakeoverModel(this, "the cut heals");
            after.isolated = NOBODY;
            progress.add(after);
        }
        progress.forEach(states);
        faults(states);
        return !progress.isEmpty();
    }

    private void progressOf(int node, Consumer<TakeoverModel> states) {
        if (!up[node]) {
            restart(node, states);
            return;
        }
        if (known[node] < epoch && node != isolated) {
            states.accept(new TakeoverModel(this, "n" + node + " hears of epoch " + epoch).heard(node));
        }
        if (leads[node] && fold(node).tail != NOBODY) {
            states.accept(new TakeoverModel(this, "n" + node + " adopts").adopts(node));
        }
        if (leads[node] && gathering[node] && hasGathered(node)) {
            TakeoverModel after = new TakeoverModel(this, "n" + node + " has gathered");
            after.gathering[node] = false;
            states.accept(after);
        }
        int leader = leaders[known[node]];
        if (leader != node && linked(node, leader)) {
            exchange(node, leader, states);
        }
    }

    private boolean linked(int one, int other) {
        return up[one] && up[other] && one != isolated && other != isolated;
    }

    private void restart(int node, Consumer<TakeoverModel> states) {
        TakeoverModel after = new TakeoverModel(this, "n" + node + " restarts");
        after.up[node] = true;
        if (mistake == Mistake.SEALS_WITHOUT_SYNC) {
            after.known[node] = 1;
        }
        // It has a lease again only if nobody else leads by now.
        after.leads[node] = after.known[node] == epoch && leaders[epoch] == node;
        after.gathering[node] = after.leads[node] && epoch > 1;
        states.accept(after);
    }

    private TakeoverModel heard(int node) {
        loseWaiting(node);
        left[node] = Arrays.copyOf(left[node], epoch);
        left[node][known[node]] = held[node];
        known[node] = epoch;
        leads[node] = leaders[epoch] == node;
        gathering[node] = false;
        if (leads[node]) {
            logOfEpoch = Arrays.copyOf(logOfEpoch, epoch + 1);
            logOfEpoch[epoch] = logs.size();
            List<Log> more = new ArrayList<>(logs);
            more.add(Log.of(origin(node, incarnations[epoch][node])));
            logs = List.copyOf(more);
            gathering[node] = mistake != Mistake.SERVES_BEFORE_THE_UNION;
            closeOthers(node);
        }
        return this;
    }

    private void loseWaiting(int node) {
        for (int attempt = 0; attempt < WRITES; attempt++) {
            if (attempts[attempt].fate == Fate.PENDING && attempts[attempt].node == node) {
                attempts[attempt] = attempts[attempt].become(Fate.UNKNOWN);
            }
        }
    }

    private void closeOthers(int node) {
        SortedMap<Origin, Long> positions = positions(held[node]);
        List<Origin> former = new ArrayList<>();
        for (int each = 0; each < NODES && known[node] > 1; each++) {
            for (int incarnation = 0; incarnation <= incarnations[known[node]][each]; incarnation++) {
                former.add(origin(each, incarnation));
            }
        }
        Origin own = logs.get(logOfEpoch[known[node]]).origin;
        ControlRecord.Takeover due = fold(node).notes.takeover(known[node], own, positions, OriginSet.of(former));
        if (due != null) {
            append(node, new Governs(due));
        }
    }

    private SortedMap<Origin, Long> positions(int[] lengths) {
        SortedMap<Origin, Long> positions = new TreeMap<>();
        for (int log = 0; log < lengths.length; log++) {
            if (lengths[log] > 0) {
                Origin origin = logs.get(log).origin;
                positions.put(origin, origin.startSeqno() + lengths[log]);
            }
        }
        return positions;
    }

    private int append(int node, Entry entry) {
        int log = logOfEpoch[known[node]];
        List<Log> longer = new ArrayList<>(logs);
        longer.set(log, logs.get(log).plus(entry));
        logs = List.copyOf(longer);
        holds(node, log, logs.get(log).entries.size());
        return log;
    }

    private void holds(int node, int log, int length) {
        held[node] = Arrays.copyOf(held[node], logs.size());
        held[node][log] = length;
        folded[node] = null;
    }

    private TakeoverModel adopts(int node) {
        closeOthers(node);
        Folded now = fold(node);
        int log = now.tail;
        Origin origin = logs.get(log).origin;
        long from = now.notes.limit(origin).adoptedTo() + 1;
        long last = origin.startSeqno() + held[node][log];
        SeqnoRanges voids = SeqnoRanges.NONE;
        for (long seqno = from; seqno <= last && mistake != Mistake.ADOPTS_WITHOUT_VOIDS; seqno++) {
            Entry entry = logs.get(log).entries.get((int) (seqno - origin.startSeqno() - 1));
            if (entry instanceof Write write && now.counted.containsKey(write.key)) {
                voids = voids.plus(seqno, seqno);
            }
        }
        append(node, new Governs(new ControlRecord.Adopt(origin, from, last, voids)));
        adoptedInVain = fold(node).notes.limit(origin).adoptedTo() < last;
        return this;
    }

    private boolean hasGathered(int node) {
        int complete = 0;
        for (int other = 0; other < NODES; other++) {
            complete += known[other] == known[node] && covers(held[node], held[other]) ? 1 : 0;
        }
        return fold(node).tail == NOBODY && complete >= ShardReplicas.enoughToPromote(NODES);
    }

    private static boolean covers(int[] one, int[] other) {
        for (int log = 0; log < other.length; log++) {
            if (other[log] > at(one, log)) {
                return false;
            }
        }
        return true;
    }

    private static int at(int[] lengths, int log) {
        return log < lengths.length ? lengths[log] : 0;
    }

    // A follower and the one that it takes for its leader: they ship only if they agree on that.
    private void exchange(int node, int leader, Consumer<TakeoverModel> states) {
        if (known[node] == known[leader]) {
            for (int log = 0; log < logs.size(); log++) {
                ship(node, leader, log, states);
                ship(leader, node, log, states);
            }
        }
    }

    private void ship(int from, int to, int log, Consumer<TakeoverModel> states) {
        int length = at(held[from], log);
        if (length > at(held[to], log)) {
            TakeoverModel after = new TakeoverModel(
                    this, "n" + from + " ships " + logs.get(log).origin + " up to " + length + " to n" + to);
            after.holds(to, log, length);
            states.accept(after);
        }
    }

    // Clients

    private void submit(int attempt, Consumer<TakeoverModel> states) {
        boolean mayRetry = attempts[0].fate == Fate.PENDING || attempts[0].fate == Fate.UNKNOWN;
        if (attempts[attempt].fate != Fate.UNSENT || attempt == RETRY && !mayRetry) {
            return;
        }
        for (int node = 0; node < NODES; node++) {
            boolean owns = known[node] == epoch && !expired;
            if (up[node] && leads[node] && (attempt != LOCAL_WRITE || owns)) {
                states.accept(new TakeoverModel(this, "write " + attempt + " to n" + node).written(attempt, node));
            }
        }
    }

    private TakeoverModel written(int attempt, int node) {
        int[] there = fold(node).counted.get(key(attempt));
        if (there == null) {
            closeOthers(node);
            int log = append(node, new Write(key(attempt)));
            there = new int[] {log, held[node][log]};
        }
        Fate fate = attempt == LOCAL_WRITE ? Fate.ACKNOWLEDGED : Fate.PENDING;
        attempts[attempt] = new Attempt(fate, node, there[0], there[1]);
        return this;
    }

    private void acknowledge(int attempt, Consumer<TakeoverModel> states) {
        Attempt waiting = attempts[attempt];
        if (waiting.fate != Fate.PENDING) {
            return;
        }
        int holders = 0;
        for (int node = 0; node < NODES; node++) {
            int[] said = saidIn(known[waiting.node], node);
            holders += said != null && at(said, waiting.log) >= waiting.length ? 1 : 0;
        }
        if (holders > NODES / 2) {
            TakeoverModel after = new TakeoverModel(this, "write " + attempt + " is acknowledged");
            after.attempts[attempt] = waiting.become(Fate.ACKNOWLEDGED);
            after.heldByMajority = true;
            states.accept(after);
        }
    }

    /** Returns the most that a replica may have said that it holds in an epoch, or null if it has said nothing. */
    private int @Nullable [] saidIn(int said, int node) {
        if (known[node] == said) {
            return held[node];
        }
        return said < left[node].length ? left[node][said] : null;
    }

    // What is agreed

    private void agree(Consumer<TakeoverModel> states) {
        if (!expired) {
            return;
        }
        int leader = leaders[epoch];
        SortedMap<ReplicaId, SortedMap<Origin, Long>> answered = new TreeMap<>();
        for (int node = 0; node < NODES; node++) {
            if (answers[node] != null) {
                answered.put(origin(node, 0).replica(), positions(answers[node]));
            } else if (node != leader && up[node] && node != isolated) {
                TakeoverModel after = new TakeoverModel(this, "n" + node + " answers what it holds");
                after.answers[node] = held[node];
                states.accept(after);
            }
        }
        if (up[leader] && leader != isolated && known[leader] == epoch && leads[leader]) {
            TakeoverModel after = new TakeoverModel(this, "n" + leader + " renews its lease");
            after.leaseBegins();
            states.accept(after);
        }
        int next = elections.computeIfAbsent(hash(Arrays.asList(answers)), key -> {
            ReplicaId elected = NextLeader.of(answered, NODES);
            return elected == null ? NOBODY : elected.region().value();
        });
        if (next != NOBODY) {
            TakeoverModel after = new TakeoverModel(this, "n" + next + " is to lead");
            after.promoted(next);
            states.accept(after);
        }
    }

    private void leaseBegins() {
        expired = false;
        Arrays.fill(answers, null);
    }

    private void promoted(int node) {
        leaseBegins();
        epoch++;
        leaders = Arrays.copyOf(leaders, epoch + 1);
        leaders[epoch] = node;
        incarnations = Arrays.copyOf(incarnations, epoch + 1);
        incarnations[epoch] = incarnations[epoch - 1].clone();
        incarnations[epoch][node]++;
    }

    // Faults

    private void faults(Consumer<TakeoverModel> states) {
        for (int node = 0; node < NODES; node++) {
            if (crashes > 0 && up[node]) {
                TakeoverModel after = new TakeoverModel(this, "n" + node + " crashes");
                after.crashes--;
                after.crashed(node);
                states.accept(after);
            }
            if (partitions > 0) {
                TakeoverModel after = new TakeoverModel(this, "n" + node + " is cut off");
                after.partitions--;
                after.isolated = node;
                states.accept(after);
            }
        }
        if (expiries > 0 && !expired) {
            TakeoverModel after = new TakeoverModel(this, "the lease runs out");
            after.expiries--;
            after.expired = true;
            states.accept(after);
        }
    }

    private void crashed(int node) {
        loseWaiting(node);
        up[node] = false;
        leads[node] = false;
        gathering[node] = false;
    }

    // What must hold

    private Folded fold(int node) {
        Folded known = folded[node];
        if (known == null) {
            known = folds.computeIfAbsent(hash(List.of(held[node])), key -> fold(held[node]));
            folded[node] = known;
        }
        return known;
    }

    private long hash(List<int[]> positions) {
        HashStream64 hash = Hashing.xxh3_64().hashStream();
        logs.forEach(log -> hash.putLong(log.hash));
        positions.forEach(each -> put(each, hash));
        return hash.getAsLong();
    }

    private Folded fold(int[] lengths) {
        FoldNotes notes = new FoldNotes();
        List<FoldNotes.Note> all = new ArrayList<>();
        for (int log = 0; log < lengths.length; log++) {
            Origin origin = logs.get(log).origin;
            for (int at = 0; at < lengths[log]; at++) {
                if (logs.get(log).entries.get(at) instanceof Governs governs) {
                    all.add(new FoldNotes.Note(origin, origin.startSeqno() + at + 1, governs.record));
                }
            }
        }
        notes.addAll(all);
        SortedMap<Integer, int[]> counted = new TreeMap<>();
        boolean repeated = false;
        int tail = NOBODY;
        for (int log = 0; log < lengths.length; log++) {
            Origin origin = logs.get(log).origin;
            FoldLimit limit = notes.limit(origin);
            long end = limit.end(origin.startSeqno() + lengths[log]);
            for (long seqno = origin.startSeqno() + 1; seqno <= end; seqno++) {
                int at = (int) (seqno - origin.startSeqno());
                if (logs.get(log).entries.get(at - 1) instanceof Write write
                        && !limit.voids().contains(seqno)) {
                    repeated |= counted.put(write.key, new int[] {log, at}) != null;
                }
            }
            tail = end < origin.startSeqno() + lengths[log] && tail == NOBODY ? log : tail;
        }
        return new Folded(notes, counted, repeated, tail);
    }

    @Override
    public @Nullable String violation() {
        if (adoptedInVain) {
            return "an adoption has no effect";
        }
        for (int node = 0; node < NODES; node++) {
            if (fold(node).repeated) {
                return "n" + node + " counts a write twice";
            }
        }
        int leader = leaders[epoch];
        boolean complete = up[leader] && leads[leader] && known[leader] == epoch && !gathering[leader];
        if (complete && heldByMajority && !fold(leader).counted.containsKey(0)) {
            return "n" + leader + " says that it has everything, and lacks what a majority holds";
        }
        return null;
    }

    @Override
    public @Nullable String violationAtRest() {
        SortedSet<Integer> acknowledged = new TreeSet<>();
        for (int attempt = 0; attempt < WRITES; attempt++) {
            if (attempts[attempt].fate == Fate.ACKNOWLEDGED) {
                acknowledged.add(key(attempt));
            }
        }
        for (int node = 0; node < NODES; node++) {
            if (!fold(node).counted.keySet().containsAll(acknowledged)) {
                return "n" + node + " has " + fold(node).counted.keySet() + ", and acknowledged was " + acknowledged;
            }
            if (!fold(node).counted.keySet().equals(fold(0).counted.keySet())) {
                return "n" + node + " counts other writes than n0";
            }
        }
        return gathering[leaders[epoch]] || !leads[leaders[epoch]] ? "nobody leads" : null;
    }

    @Override
    public List<String> steps() {
        List<String> steps = new ArrayList<>();
        for (TakeoverModel each = this; each != null; each = each.before) {
            steps.add(each.step);
        }
        Collections.reverse(steps);
        return steps;
    }

    // A hash of all that decides what can come next: states themselves are too many to keep.
    @Override
    public Long fingerprint() {
        HashStream64 hash = Hashing.xxh3_64().hashStream();
        hash.putInt(epoch).putInt(isolated).putInt(crashes).putInt(partitions).putInt(expiries);
        hash.putBoolean(expired).putBoolean(heldByMajority);
        put(leaders, hash);
        put(logOfEpoch, hash);
        logs.forEach(log -> hash.putLong(log.hash).putInt(log.entries.size()));
        for (int node = 0; node < NODES; node++) {
            hash.putBoolean(up[node])
                    .putBoolean(leads[node])
                    .putBoolean(gathering[node])
                    .putInt(known[node]);
            put(answers[node], hash);
            put(held[node], hash);
            for (int[] each : left[node]) {
                put(each, hash);
            }
        }
        for (Attempt attempt : attempts) {
            hash.putInt(attempt.fate.ordinal())
                    .putInt(attempt.node)
                    .putInt(attempt.log)
                    .putInt(attempt.length);
        }
        return hash.getAsLong();
    }

    private static void put(int @Nullable [] values, HashStream64 hash) {
        int length = values == null ? -1 : values.length;
        // What nobody holds is not listed, or it is with nothing.
        while (length > 0 && values != null && values[length - 1] == 0) {
            length--;
        }
        hash.putInt(length);
        for (int i = 0; i < length && values != null; i++) {
            hash.putInt(values[i]);
        }
    }
}

package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.Exploration;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A slot that moves from a shard with two replicas to one with one, while two writes come and whatever can go wrong does once: a crash of
 * any node, a takeover, an answer that is lost while what was asked for may still be agreed, an attempt that is given up, an abort, a reversal.
 * What is agreed is what {@link MigrationTable} says; what nodes do is what they do in the product, without its timing.
 */
final class MigrationModel implements Exploration.State<MigrationModel> {

    /** What is done wrong. */
    enum Mistake {
        NONE,
        /** One that comes back takes writes while it is not known how the attempt ends that it had begun. */
        THAWS_IN_A_CRASH,
        /** Writes are taken again as soon as an attempt is to be given up, and not when that is agreed. */
        THAWS_BEFORE_IT_IS_AGREED,
        /** A cutover counts whichever attempt it is of. */
        ATTEMPTS_ARE_ONE,
        /** A takeover at the source ends no attempt. */
        TAKEOVER_ENDS_NO_ATTEMPT,
        /** The source is erased without a look at what it alone has. */
        ERASES_TAILS
    }

    private static final TenantId TENANT = TenantId.of(1);
    private static final ReplicaId[] REPLICAS = {
        ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s0"), ReplicaId.parse("r2:s1")
    };
    private static final List<ShardAssignment> SHARDS = List.of(
            new ShardAssignment(ShardId.of(0), RegionId.of(0), NodeId.of("n0")),
            new ShardAssignment(ShardId.of(0), RegionId.of(1), NodeId.of("n1")),
            new ShardAssignment(ShardId.of(1), RegionId.of(2), NodeId.of("n2")));
    private static final MigrationTerms TERMS = new MigrationTerms(0, 1, 0, false, false);
    private static final int WRITES = 2;

    /** What is agreed: of a migration, of the tenant, and whether nothing but that has happened. */
    private record Agreed(MigrationRecord migration, TenantRecord tenant) {

        int leader() {
            return Arrays.asList(REPLICAS).indexOf(tenant.placement().get(0));
        }
    }

    /**
     * A node.
     *
     * @param knows what it knows to be agreed
     * @param data the writes it has
     * @param asked what it has proposed and not heard of yet
     * @param frozen whether it takes no writes
     * @param ready whether the attempt that is agreed is its own, and goes on
     */
    private record Node(
            Agreed knows,
            int data,
            ClusterCommand.@Nullable OfMigration asked,
            boolean up,
            boolean frozen,
            boolean ready) {

        Node knowing(Agreed what) {
            return new Node(what, data, asked, up, frozen, ready);
        }

        Node having(int writes) {
            return new Node(knows, writes, asked, up, frozen, ready);
        }

        Node asking(ClusterCommand.@Nullable OfMigration command) {
            return new Node(knows, data, command, up, frozen, ready);
        }

        Node freezing(boolean on, boolean begun) {
            return new Node(knows, data, asked, up, on, begun);
        }
    }

    /** What can go wrong, each once. */
    private enum Fault {
        CRASH,
        TAKEOVER,
        LOST_ANSWER,
        THAW,
        ABORT,
        REVERSE
    }

    /**
     * What has gone wrong.
     *
     * @param had which, as bits
     * @param most how many may
     */
    private record Faults(int had, int most) {

        boolean may(Fault fault) {
            return Integer.bitCount(had) < most && (had & 1 << fault.ordinal()) == 0;
        }

        Faults and(Fault fault) {
            return new Faults(had | 1 << fault.ordinal(), most);
        }
    }

    private final Mistake mistake;
    private final Agreed agreed;
    private final List<Node> nodes;
    private final List<ClusterCommand.OfMigration> flying;
    private final int acknowledged;
    private final Faults faults;
    private final @Nullable String wrong;
    private final @Nullable MigrationModel before;
    private final String step;

    /** @param mostFaults how much may go wrong in all */
    MigrationModel(Mistake mistake, int mostFaults) {
        this.mistake = mistake;
        TenantRecord tenant = new TenantRecord(
                TenantConfig.builder(TENANT).build(), List.of(REPLICAS[0]), List.of(REPLICAS[0]), 1, 7, 1);
        Table table = new Table(null, tenant);
        table.apply(new ClusterCommand.StartMigration(TENANT, REPLICAS[0], REPLICAS[2], TERMS, 0));
        agreed = table.agreed();
        Node node = new Node(agreed, 0, null, true, false, false);
        nodes = List.of(node, node, node);
        flying = List.of();
        acknowledged = 0;
        faults = new Faults(0, mostFaults);
        wrong = null;
        before = null;
        step = "begins";
    }

    private MigrationModel(
            MigrationModel before,
            String step,
            Agreed agreed,
            List<Node> nodes,
            List<ClusterCommand.OfMigration> flying,
            int acknowledged,
            Faults faults,
            @Nullable String wrong) {
        this.mistake = before.mistake;
        this.before = before;
        this.step = step;
        this.agreed = agreed;
        this.nodes = List.copyOf(nodes);
        this.flying = List.copyOf(flying);
        this.acknowledged = acknowledged;
        this.faults = faults;
        this.wrong = wrong;
    }

    /** The product's table, with a tenant beside it. */
    private static final class Table implements MigrationTable.Cluster {

        private final MigrationTable table = new MigrationTable(this);
        private TenantRecord tenant;

        Table(@Nullable MigrationRecord migration, TenantRecord tenant) {
            this.tenant = tenant;
            table.restore(1, migration == null ? List.of() : List.of(migration));
            if (migration == null) {
                table.restore(0, List.of());
            }
        }

        Reply apply(ClusterCommand.OfMigration command) {
            return table.apply(command);
        }

        Agreed agreed() {
            return new Agreed(table.all().get(0), tenant);
        }

        @Override
        public TenantRecord tenant(TenantId id) {
            return tenant;
        }

        @Override
        public void put(TenantRecord changed) {
            tenant = changed;
        }

        @Override
        public List<ShardAssignment> shards() {
            return SHARDS;
        }

        @Override
        public Reply grantIncarnation(ReplicaId replica) {
            return new Reply.Done(1);
        }

        @Override
        public UpgradePhase phase(ReplicaId replica) {
            return UpgradePhase.SERVING;
        }

        @Override
        public boolean isFilling(ReplicaId replica) {
            return false;
        }
    }

    // What is looked at

    @Override
    public Object fingerprint() {
        return List.of(agreed, nodes, flying, acknowledged, faults);
    }

    @Override
    public @Nullable String violation() {
        int all = nodes.stream().mapToInt(Node::data).reduce(0, (one, other) -> one | other);
        return wrong != null ? wrong : (acknowledged & ~all) != 0 ? "what was acknowledged is nowhere" : null;
    }

    @Override
    public @Nullable String violationAtRest() {
        if (!agreed.migration.state().isOver()) {
            return "it does not end: " + agreed.migration;
        }
        Node leader = nodes.get(agreed.leader());
        if ((acknowledged & ~leader.data) != 0) {
            return "the leader lacks what was acknowledged";
        }
        if (leader.frozen) {
            return "the leader takes no writes";
        }
        ShardId passive = agreed.migration.passive().shard();
        for (int node = 0; node < REPLICAS.length; node++) {
            if (REPLICAS[node].shard().equals(passive) && nodes.get(node).data != 0) {
                return "something is left on " + REPLICAS[node];
            }
        }
        return null;
    }

    @Override
    public List<String> steps() {
        List<String> steps = before == null ? new ArrayList<>() : before.steps();
        steps.add(step);
        return steps;
    }

    // What can happen

    @Override
    public boolean next(Consumer<MigrationModel> then) {
        int[] count = {0};
        Consumer<MigrationModel> counted = state -> {
            count[0]++;
            then.accept(state);
        };
        for (int node = 0; node < REPLICAS.length; node++) {
            if (nodes.get(node).up) {
                write(node, counted);
                hear(node, counted);
                ship(node, counted);
                goOn(node, counted);
                erase(node, counted);
                crash(node, counted);
            } else {
                comeBack(node, counted);
                takeOver(node, counted);
            }
        }
        for (ClusterCommand.OfMigration command : flying) {
            decide(command, counted);
        }
        askedFor(counted);
        return count[0] > 0;
    }

    private MigrationModel with(String what, int node, Node changed) {
        return with(what, agreed, replaced(node, changed), flying, faults);
    }

    private MigrationModel with(
            String what, Agreed now, List<Node> all, List<ClusterCommand.OfMigration> open, Faults remaining) {
        return new MigrationModel(this, what, now, all, open, acknowledged, remaining, null);
    }

    private List<Node> replaced(int node, Node changed) {
        List<Node> all = new ArrayList<>(nodes);
        all.set(node, changed);
        return all;
    }

    private void write(int at, Consumer<MigrationModel> then) {
        Node node = nodes.get(at);
        int next = Integer.bitCount(acknowledged);
        if (next == WRITES || node.knows.leader() != at || node.frozen) {
            return;
        }
        String broken = agreed.leader() == at ? null : REPLICAS[at] + " takes a write, and does not lead any more";
        then.accept(new MigrationModel(
                this,
                "write " + next + " at " + REPLICAS[at],
                agreed,
                replaced(at, node.having(node.data | 1 << next)),
                flying,
                acknowledged | 1 << next,
                faults,
                broken));
    }

    private void hear(int at, Consumer<MigrationModel> then) {
        Node node = nodes.get(at);
        if (!node.knows.equals(agreed)) {
            then.accept(with(REPLICAS[at] + " hears what is agreed", at, looked(node.knowing(agreed))));
        }
    }

    // Whoever has begun an attempt, it has ended when it is in another state.
    private static Node looked(Node node) {
        return node.knows.migration.state() != MigrationState.CUTOVER && node.asked == null
                ? node.freezing(false, false)
                : node;
    }

    private void ship(int at, Consumer<MigrationModel> then) {
        int other = at == 0 ? 1 : at == 1 ? 0 : -1;
        if (other >= 0 && takes(other) && (nodes.get(at).data & ~nodes.get(other).data) != 0) {
            Node to = nodes.get(other);
            then.accept(with(
                    REPLICAS[at] + " ships to " + REPLICAS[other], other, to.having(to.data | nodes.get(at).data)));
        }
    }

    // What is to be erased, or was, takes nothing any more.
    private boolean takes(int at) {
        Node node = nodes.get(at);
        MigrationRecord known = node.knows.migration;
        boolean gone = known.state() == MigrationState.GC
                || known.state() == MigrationState.ABORTING
                || known.state().isOver();
        return node.up && !(gone && known.passive().shard().equals(REPLICAS[at].shard()));
    }

    private void crash(int at, Consumer<MigrationModel> then) {
        if (faults.may(Fault.CRASH)) {
            Node node = nodes.get(at);
            then.accept(with(
                    REPLICAS[at] + " crashes",
                    agreed,
                    replaced(at, new Node(node.knows, node.data, null, false, false, false)),
                    flying,
                    faults.and(Fault.CRASH)));
        }
    }

    // It serves once it has renewed its lease, and knows what was agreed before that.
    private void comeBack(int at, Consumer<MigrationModel> then) {
        boolean begun = agreed.migration.state() == MigrationState.CUTOVER
                && agreed.migration.from().equals(REPLICAS[at])
                && mistake != Mistake.THAWS_IN_A_CRASH;
        then.accept(
                with(REPLICAS[at] + " comes back", at, new Node(agreed, nodes.get(at).data, null, true, begun, false)));
    }

    private void takeOver(int from, Consumer<MigrationModel> then) {
        int next = 1 - from;
        if (!faults.may(Fault.TAKEOVER) || from == 2 || agreed.leader() != from || !nodes.get(next).up) {
            return;
        }
        Table table = new Table(agreed.migration, agreed.tenant.ledBy(0, REPLICAS[next]));
        if (mistake != Mistake.TAKEOVER_ENDS_NO_ATTEMPT) {
            table.table.promoted(TENANT, REPLICAS[next]);
        }
        then.accept(with(REPLICAS[next] + " takes over", table.agreed(), nodes, flying, faults.and(Fault.TAKEOVER)));
    }

    // What is proposed

    private void propose(
            int at, Node node, ClusterCommand.OfMigration command, List<Node> all, Consumer<MigrationModel> then) {
        List<Node> changed = new ArrayList<>(all);
        changed.set(at, node.asking(command));
        List<ClusterCommand.OfMigration> open = new ArrayList<>(flying);
        if (!open.contains(command)) {
            open.add(command);
        }
        then.accept(with(REPLICAS[at] + " proposes " + command, agreed, changed, open, faults));
    }

    private static ClusterCommand.StepMigration to(MigrationRecord known, MigrationState next) {
        return new ClusterCommand.StepMigration(TENANT, known.id(), known.state(), known.attempt(), next, null, 0);
    }

    /** Agrees on a command or loses it; whoever has asked hears of it, or once does not. */
    private void decide(ClusterCommand.OfMigration command, Consumer<MigrationModel> then) {
        List<ClusterCommand.OfMigration> open = new ArrayList<>(flying);
        open.remove(command);
        Table table = new Table(agreed.migration, agreed.tenant);
        boolean accepted = table.apply(counting(command)) instanceof Reply.Done;
        Agreed now = table.agreed();
        int asker = asker(command);
        List<Node> all = asker < 0 ? nodes : replaced(asker, answered(asker, accepted, now));
        String broken = accepted && command instanceof ClusterCommand.CutOver ? lacks() : null;
        then.accept(new MigrationModel(
                this, (accepted ? "agreed: " : "refused: ") + command, now, all, open, acknowledged, faults, broken));
        if (faults.may(Fault.LOST_ANSWER) && asker >= 0) {
            Node node = nodes.get(asker);
            Node unsure = node.asking(null);
            then.accept(with(
                    REPLICAS[asker] + " hears nothing of " + command,
                    agreed,
                    replaced(asker, looked(failed(unsure))),
                    flying,
                    faults.and(Fault.LOST_ANSWER)));
        }
    }

    private ClusterCommand.OfMigration counting(ClusterCommand.OfMigration command) {
        return mistake == Mistake.ATTEMPTS_ARE_ONE && command instanceof ClusterCommand.CutOver late
                ? new ClusterCommand.CutOver(TENANT, late.id(), agreed.migration.attempt(), 0, 0)
                : command;
    }

    private @Nullable String lacks() {
        int source = nodes.get(agreed.leader()).data;
        int target = nodes.get(Arrays.asList(REPLICAS).indexOf(agreed.migration.to())).data;
        return (acknowledged & source & ~target) == 0
                ? null
                : "the target leads and lacks what the source has acknowledged";
    }

    private int asker(ClusterCommand.OfMigration command) {
        for (int node = 0; node < REPLICAS.length; node++) {
            if (command.equals(nodes.get(node).asked)) {
                return node;
            }
        }
        return -1;
    }

    private Node answered(int at, boolean accepted, Agreed now) {
        Node node = nodes.get(at);
        ClusterCommand.OfMigration command = Objects.requireNonNull(node.asked);
        Node told = node.asking(null).knowing(now);
        boolean begun = accepted
                && command instanceof ClusterCommand.StepMigration step
                && step.next() == MigrationState.CUTOVER
                && now.leader() == at;
        return begun ? told.freezing(true, true) : looked(accepted ? told : failed(told));
    }

    private Node failed(Node node) {
        return mistake == Mistake.THAWS_BEFORE_IT_IS_AGREED
                ? node.freezing(false, false)
                : node.freezing(node.frozen, false);
    }

    // What whoever leads does

    private void goOn(int at, Consumer<MigrationModel> then) {
        Node node = nodes.get(at);
        MigrationRecord known = node.knows.migration;
        if (node.knows.leader() != at || node.asked != null || !known.active().equals(REPLICAS[at])) {
            return;
        }
        int passive = Arrays.asList(REPLICAS).indexOf(known.passive());
        switch (known.state()) {
            case PREPARING -> feed(at, passive, to(known, MigrationState.DUAL_WRITE), then);
            case DUAL_WRITE -> propose(at, node, to(known, MigrationState.VERIFYING), nodes, then);
            case VERIFYING -> feed(at, passive, to(known, MigrationState.CUTOVER), then);
            case CUTOVER -> cutOver(at, passive, then);
            case DRAINING -> fetch(at, List.of(passive), to(known, MigrationState.HOLD), then);
            case HOLD -> fetch(at, formers(known), to(known, MigrationState.GC), then);
            default -> {}
        }
    }

    private List<Integer> formers(MigrationRecord known) {
        if (mistake == Mistake.ERASES_TAILS) {
            return List.of();
        }
        return known.passive().shard().equals(REPLICAS[0].shard()) ? List.of(0, 1) : List.of(2);
    }

    private void feed(int at, int passive, ClusterCommand.OfMigration command, Consumer<MigrationModel> then) {
        if (takes(passive)) {
            Node target = nodes.get(passive);
            propose(
                    at,
                    nodes.get(at),
                    command,
                    replaced(passive, target.having(target.data | nodes.get(at).data)),
                    then);
        }
    }

    private void fetch(int at, List<Integer> from, ClusterCommand.OfMigration command, Consumer<MigrationModel> then) {
        int data = nodes.get(at).data;
        for (int other : from) {
            if (!nodes.get(other).up) {
                return;
            }
            data |= nodes.get(other).data;
        }
        propose(at, nodes.get(at).having(data), command, nodes, then);
    }

    private void cutOver(int at, int passive, Consumer<MigrationModel> then) {
        Node node = nodes.get(at);
        MigrationRecord known = node.knows.migration;
        if (node.ready) {
            feed(at, passive, new ClusterCommand.CutOver(TENANT, known.id(), known.attempt(), 0, 0), then);
            if (faults.may(Fault.THAW)) {
                Node thawing = failed(node);
                MigrationModel given = with("the attempt is given up", agreed, nodes, flying, faults.and(Fault.THAW));
                given.propose(at, thawing, to(known, MigrationState.DUAL_WRITE), nodes, then);
            }
        } else {
            propose(at, node, to(known, MigrationState.PREPARING), nodes, then);
        }
    }

    private void erase(int at, Consumer<MigrationModel> then) {
        Node node = nodes.get(at);
        MigrationRecord known = node.knows.migration;
        boolean erases = known.state() == MigrationState.GC || known.state() == MigrationState.ABORTING;
        if (erases && node.asked == null && known.erasing().contains(REPLICAS[at])) {
            propose(
                    at,
                    node.having(0),
                    new ClusterCommand.ReplicasErased(TENANT, known.id(), List.of(REPLICAS[at]), 0),
                    nodes,
                    then);
        }
    }

    /** What an operator asks for, who is told at once. */
    private void askedFor(Consumer<MigrationModel> then) {
        MigrationRecord now = agreed.migration;
        if (faults.may(Fault.ABORT) && now.state().canAbort()) {
            decided("abort", to(now, MigrationState.ABORTING), faults.and(Fault.ABORT), then);
        }
        if (faults.may(Fault.REVERSE)
                && (now.state() == MigrationState.DRAINING || now.state() == MigrationState.HOLD)) {
            decided(
                    "reverse",
                    new ClusterCommand.ReverseMigration(TENANT, now.id(), 0),
                    faults.and(Fault.REVERSE),
                    then);
        }
    }

    private void decided(
            String what, ClusterCommand.OfMigration command, Faults remaining, Consumer<MigrationModel> then) {
        Table table = new Table(agreed.migration, agreed.tenant);
        if (table.apply(command) instanceof Reply.Done) {
            then.accept(with(what, table.agreed(), nodes, flying, remaining));
        }
    }
}

package io.tidaldb.core.remote;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.ingest.ForegroundLatency;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What comes back from a {@link Call}. */
public sealed interface Answer {

    /** It is done. */
    record Done() implements Answer {}

    /** Where a write ended: printed records, one for each slot. */
    record Written(List<String> records) implements Answer {}

    /**
     * What came of each of several writes.
     *
     * @param records where they ended, as in {@link Written}, in their order; nothing of one that was refused
     * @param refused why, by place in that order from 0
     */
    record EachWritten(List<List<String>> records, Map<Integer, Refused> refused) implements Answer {}

    /** What is known of entities, in the order in which they were asked for. */
    record Readings(List<Cell> cells) implements Answer {}

    /**
     * What is known of an entity.
     *
     * @param stalenessNanos -1 if it is not known
     * @param name under which it was recorded, or null
     */
    record Cell(
            double score,
            long count,
            long hour,
            long day,
            long week,
            long asOfNanos,
            long stalenessNanos,
            @Nullable String name) {}

    /** Entities in order of rank; all lists are in step. */
    record Ranked(long[] entities, double[] scores, List<@Nullable String> names) implements Answer {}

    /** Events and distinct entities. */
    record Totals(long events, long entities) implements Answer {}

    /** As {@link io.tidaldb.core.TenantUsage}. */
    record Usage(double signalsPerSecond, long entities, long storageBytes, long accepted, long throttled)
            implements Answer {}

    /**
     * An hour's usage.
     *
     * @param beginSeconds since 1970; null for everything before the hours that are kept apart
     */
    record Hour(@Nullable Long beginSeconds, long signals, long bytes) {}

    /** Hour by hour. */
    record Hours(List<Hour> hours) implements Answer {}

    /** As {@link io.tidaldb.core.UsageCheck}. */
    record Recounted(
            @Nullable Long fromSeconds,
            List<Hour> metered,
            List<Hour> counted,
            long meteredEntities,
            long countedEntities)
            implements Answer {}

    /** A signal of a log. */
    record Line(
            String position,
            long hlc,
            String type,
            long entity,
            @Nullable String name,
            float weight,
            long time) {}

    /**
     * A part of a slot's logs.
     *
     * @param origin where the next part begins; null if there is none
     * @param acts what users did, if that was asked for; null else, and from nodes that don't know of it
     */
    record Exported(
            List<Line> lines,
            int @Nullable [] origin,
            long seqno,
            @Nullable List<Act> acts) implements Answer {}

    /**
     * What a user did.
     *
     * @param kind name of the kind of record
     * @param body as a log has it
     */
    record Act(String position, long hlc, String kind, byte[] body) {}

    /** As {@link io.tidaldb.core.ReplicaComparison}. */
    record Comparison(String replica, boolean known, List<Integer> buckets, int repaired) {}

    /** Comparisons of followers. */
    record Compared(List<Comparison> replicas) implements Answer {}

    /** A replica of a shard; lag is records and milliseconds by follower. */
    record Shard(
            int shard, boolean leads, long entities, double signalsPerSecond, long bytes, Map<String, long[]> lag) {}

    /**
     * A tenant, as far as the node leads it, or others lack what it has taken.
     *
     * @param home whether the node leads its first slot
     * @param behind followers that lack something, by shard and node: records and milliseconds; null where nobody says
     */
    record Tenant(
            long tenant,
            boolean home,
            @Nullable String label,
            Usage usage,
            @Nullable String damage,
            @Nullable Map<Integer, Map<String, long[]>> behind) {}

    /**
     * How a node is.
     *
     * @param usableBytes how much more its disk has room for; null from a node that does not say
     */
    record Figures(
            String version,
            List<Shard> shards,
            List<Tenant> tenants,
            @Nullable String upgrade,
            @Nullable Long usableBytes)
            implements Answer {}

    /** What is held of an origin's log; the first seqno that can be read is one more than the last if there is none. */
    record Log(int region, int shard, int incarnation, long firstSeqno, long lastSeqno) {

        /** Returns whether it is of the same origin. */
        public boolean isOf(Log other) {
            return region == other.region && shard == other.shard && incarnation == other.incarnation;
        }

        /** Returns whose log it is. */
        public Origin origin() {
            return new Origin(RegionId.of(region), ShardId.of(shard), incarnation);
        }

        /** Returns the seqno before the first that there ever was. */
        public long startSeqno() {
            return origin().startSeqno();
        }
    }

    /**
     * A replica of a tenant's slot.
     *
     * @param canLead whether its state counts
     * @param merged how far it has folded origins that {@code logs} does not name, because they were merged; null from a node that does not say
     * @param damaged whether its files are, as was found while it was served, or were thrown away for that: it is known what it has
     *     acknowledged, and it may not be able to give all of that to others; null from a node that does not say
     */
    record Replica(
            long tenant,
            String replica,
            boolean canLead,
            List<Log> logs,
            @Nullable List<Log> merged,
            @Nullable Boolean damaged) {

        /** Returns how far it has what an origin wrote. */
        public long end(Origin origin) {
            return Stream.concat(logs.stream(), merged == null ? Stream.empty() : merged.stream())
                    .filter(log -> log.origin().equals(origin))
                    .mapToLong(Log::lastSeqno)
                    .findFirst()
                    .orElse(origin.startSeqno());
        }
    }

    /** Replicas of slots that have lost their leader. */
    record Positions(List<Replica> replicas) implements Answer {}

    // Migrations

    /** How far a log is held, with its chain. */
    record MovedLog(int region, int shard, int incarnation, long firstSeqno, long lastSeqno, long chain) {

        /** Returns whose log it is. */
        public Origin origin() {
            return new Origin(RegionId.of(region), ShardId.of(shard), incarnation);
        }
    }

    /**
     * What a replica on the other side of a migration holds, as far as it was asked.
     *
     * @param merged origins that are in its base ledger
     * @param comparable whether all of it is folded
     * @param digest as {@link io.tidaldb.core.ingest.SlotContent}
     * @param hash as there
     * @param members how many replicas its shard has
     * @param complete how many of them hold all that it holds, or nearly all, as was asked; itself among them
     * @param batches of a tail, as they are stored, one after another
     * @param foreground what writes to its node are like; null from a node that does not say
     * @param frozenNanos for how long it has taken no writes because the slot was to change hands; null if it never was, or it is not known
     * @param damage what is wrong with its files, so that it takes nothing and its logs may not all be readable; null if nothing is
     */
    record Moved(
            List<MovedLog> logs,
            List<MovedLog> merged,
            boolean comparable,
            byte[] digest,
            byte[] hash,
            int members,
            int complete,
            byte[] batches,
            ForegroundLatency.@Nullable Sample foreground,
            @Nullable Long frozenNanos,
            @Nullable String damage)
            implements Answer {

        /** Returns the same with what writes are like. */
        public Moved with(ForegroundLatency.Sample sample, OptionalLong frozen) {
            return new Moved(
                    logs,
                    merged,
                    comparable,
                    digest,
                    hash,
                    members,
                    complete,
                    batches,
                    sample,
                    frozen.isPresent() ? (Long) frozen.getAsLong() : null,
                    damage);
        }
    }

    /**
     * How far a migration is.
     *
     * @param copiedBytes what was sent to the target so far
     * @param bytesPerSecond how fast it is sent
     * @param leftNanos how long it takes until the slot changes hands; null if that is not known, also from a node that does not say
     * @param predictedPauseNanos for how long a cutover would hold writes back; -1 if that is not known
     */
    record Figure(
            long id,
            long copiedBytes,
            long totalBytes,
            double bytesPerSecond,
            @Nullable Long leftNanos,
            long predictedPauseNanos,
            @Nullable String waitsFor) {}

    /**
     * What a replica holds.
     *
     * @param replica printed
     * @param doubled writes that count twice until they are taken back, by the origin whose they are
     * @param comparable whether all of it is folded
     * @param digest of what is folded, and of how far
     * @param problem why it does not say; else null, as the lists are empty then
     */
    record Holding(
            String replica,
            List<MovedLog> logs,
            List<MovedLog> merged,
            List<Doubled> doubled,
            boolean comparable,
            byte[] digest,
            @Nullable String problem) {}

    /** How many writes of an origin count twice. */
    record Doubled(int region, int shard, int incarnation, int count) {

        /** Returns whose they are. */
        public Origin origin() {
            return new Origin(RegionId.of(region), ShardId.of(shard), incarnation);
        }
    }

    /** What a node holds of a tenant. */
    record Holdings(List<Holding> replicas) implements Answer {}

    /** How far migrations are. */
    record Figured(List<Figure> figures) implements Answer {}

    /**
     * Where a tenant is.
     *
     * @param index how many decisions the node asked knows of
     * @param life as in {@link Call.Write}
     * @param signals indexes of signal types by name
     * @param slots in order
     * @param nodes addresses of all nodes by name; empty where nobody has said one
     */
    record Route(long index, long life, Map<String, Integer> signals, List<Slot> slots, Map<String, String> nodes)
            implements Answer {}

    /**
     * A slot's shard.
     *
     * @param leader the node that leads it
     * @param replicas regions by node, the leader's among them
     */
    record Slot(int shard, String leader, Map<String, Integer> replicas) {}

    /**
     * Something that a user does not want to see.
     *
     * @param what 0 hide, 1 mute, 2 block
     * @param record its name, printed
     */
    record HiddenItem(int what, long item, String record) {}

    /** What a user does not want to see. */
    record Hidden(List<HiddenItem> items) implements Answer {}

    /**
     * A write of a session.
     *
     * @param body as a log has it
     * @param record its name, printed
     */
    record SessionWrite(byte[] body, String record, long hlc) {}

    /**
     * What a replica knows of a session.
     *
     * @param stalenessNanos −1 if it is not known
     */
    record Session(List<SessionWrite> writes, long mark, long stalenessNanos) implements Answer {}

    /**
     * What a node says to one that wants to take part, unless it refuses.
     *
     * @param identity of the data directory of the one that answers
     * @param founded whether it takes part in a cluster
     * @param agreed whether the cluster agrees that the one that asks does
     * @param founders directories by node, of those with which the cluster was made, as far as it knows
     * @param nodes addresses of all nodes by name
     */
    record Entered(
            String identity, boolean founded, boolean agreed, Map<String, String> founders, Map<String, String> nodes)
            implements Answer {}

    /**
     * A refusal.
     *
     * @param code name of the error code
     * @param index how many decisions the node asked knows of
     * @param quota what a quota says; null if none refused
     */
    record Refused(
            String code,
            String message,
            long index,
            @Nullable Quota quota) implements Answer {}

    /** As {@link io.tidaldb.api.QuotaExceededException}. */
    record Quota(
            String quota,
            String cause,
            double limit,
            double burst,
            long requested,
            double observed,
            @Nullable Long retryAfterNanos) {}
}

package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the origins of a slot are called in another one that has the same records. Their order is kept.
 *
 * <p>Immutable.
 */
public final class RenamedOrigins {

    private final SortedMap<Origin, Origin> names;

    /** Copies the new name of each origin. */
    public RenamedOrigins(SortedMap<Origin, Origin> names) {
        this.names = new TreeMap<>(names);
    }

    /** Returns whether an origin has another name. */
    public boolean contains(Origin origin) {
        return names.containsKey(origin);
    }

    /** Returns the other name of an origin, which it must have. */
    public Origin of(Origin origin) {
        Origin to = names.get(origin);
        if (to == null) {
            throw new TidalException(ErrorCode.INTERNAL, "origin " + origin + " has no successor");
        }
        return to;
    }

    /** Returns what a seqno of an origin is called, which must have another name. */
    public long seqno(Origin origin, long seqno) {
        return Seqno.of(of(origin).incarnation(), Seqno.counter(seqno));
    }

    /** Returns what a record is called; the same if its origin has no other name. */
    public WalSegmentId of(WalSegmentId record) {
        return contains(record.origin())
                ? WalSegmentId.of(of(record.origin()), seqno(record.origin(), record.seqno()))
                : record;
    }

    /** Returns the ends that have another name: of the others nothing is there, nor will anything come. */
    public List<ControlRecord.End> ends(List<ControlRecord.End> ends) {
        return ends.stream()
                .filter(end -> contains(end.origin()))
                .map(end -> new ControlRecord.End(of(end.origin()), seqno(end.origin(), end.lastSeqno())))
                .toList();
    }

    /** Returns the other names of those of these origins that have one, in order. */
    public List<Origin> of(OriginSet origins) {
        return names.entrySet().stream()
                .filter(each -> origins.contains(each.getKey()))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** Returns a takeover, an adoption or what takes back writes with the other names; any other record as it is. */
    public ControlRecord of(ControlRecord record) {
        if (record instanceof ControlRecord.Takeover takeover) {
            List<ControlRecord.End> ends = new ArrayList<>(ends(takeover.positions()));
            of(takeover.unheard()).forEach(each -> ends.add(new ControlRecord.End(each, each.startSeqno())));
            return new ControlRecord.Takeover(takeover.epoch(), ends, OriginSet.NONE);
        }
        if (record instanceof ControlRecord.Voided voided) {
            Origin from = voided.origin();
            ControlRecord.End stays = voided.stays();
            return new ControlRecord.Voided(
                    of(from),
                    seqno(from, voided.firstSeqno()),
                    voided.hlc(),
                    new ControlRecord.End(of(stays.origin()), seqno(stays.origin(), stays.lastSeqno())),
                    voided.records());
        }
        return record instanceof ControlRecord.Adopt adopt ? adopt(adopt) : record;
    }

    private ControlRecord.Adopt adopt(ControlRecord.Adopt adopt) {
        Origin from = adopt.origin();
        SeqnoRanges voids = SeqnoRanges.NONE;
        for (int i = 0; i < adopt.voids().size(); i++) {
            voids = voids.plus(
                    seqno(from, adopt.voids().first(i)),
                    seqno(from, adopt.voids().last(i)));
        }
        return new ControlRecord.Adopt(of(from), seqno(from, adopt.fromSeqno()), seqno(from, adopt.toSeqno()), voids);
    }
}

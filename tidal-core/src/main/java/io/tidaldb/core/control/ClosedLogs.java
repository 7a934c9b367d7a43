package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How far a replica has had those logs of a slot in which an erasure rules out everything, whenever it comes: replicas that have had them equally
 * far will never be sent more of them.
 *
 * @param records how many they have had
 * @param digest of where each ends
 */
public record ClosedLogs(long records, long digest) {

    /** Returns whether a replica that has these may be sent more by one that has others. */
    boolean mayComeFrom(ClosedLogs other) {
        return records < other.records || records == other.records && digest != other.digest;
    }

    static void put(SortedMap<Integer, ClosedLogs> bySlot, ObjectNode json) {
        bySlot.forEach((slot, logs) -> json.putObject(slot.toString())
                .put("records", logs.records)
                .put("digest", Long.toUnsignedString(logs.digest)));
    }

    static SortedMap<Integer, ClosedLogs> read(JsonNode json) {
        SortedMap<Integer, ClosedLogs> bySlot = new TreeMap<>();
        json.properties()
                .forEach(each -> bySlot.put(
                        Integer.parseInt(each.getKey()),
                        new ClosedLogs(
                                each.getValue().path("records").asLong(),
                                Long.parseUnsignedLong(
                                        each.getValue().path("digest").asText("0")))));
        return bySlot;
    }

    static SortedMap<Integer, ClosedLogs> copy(SortedMap<Integer, ClosedLogs> bySlot) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(bySlot));
    }
}

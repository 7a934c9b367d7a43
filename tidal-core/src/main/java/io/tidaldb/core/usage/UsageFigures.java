package io.tidaldb.core.usage;

import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.remote.Answer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Usage as nodes tell it each other. */
public final class UsageFigures {

    private UsageFigures() {}

    /** Adds up hours; what came before those that are kept apart stays apart. */
    public static final class Sum {

        private final SortedMap<Optional<Instant>, UsageHour> hours =
                new TreeMap<>(Comparator.comparing(hour -> hour.orElse(Instant.MIN)));

        /** Adds hours. */
        public void add(List<UsageHour> more) {
            more.forEach(hour -> hours.merge(
                    Optional.ofNullable(hour.hour()),
                    hour,
                    (one, other) ->
                            new UsageHour(one.hour(), one.signals() + other.signals(), one.bytes() + other.bytes())));
        }

        /** Returns the sums, by hour. */
        public List<UsageHour> hours() {
            return List.copyOf(hours.values());
        }
    }

    /** Returns two lists of hours together. */
    public static List<UsageHour> sum(List<UsageHour> one, List<UsageHour> other) {
        Sum sum = new Sum();
        sum.add(one);
        sum.add(other);
        return sum.hours();
    }

    /** Returns what was found of some slots and of others together: from the first hour on that both have whole. */
    public static UsageCheck sum(UsageCheck one, UsageCheck other) {
        Instant from = one.from();
        Instant others = other.from();
        Instant first = from == null ? others : others == null || from.isAfter(others) ? from : others;
        return new UsageCheck(
                first,
                since(first, sum(one.metered(), other.metered())),
                since(first, sum(one.counted(), other.counted())),
                one.meteredEntities() + other.meteredEntities(),
                one.countedEntities() + other.countedEntities());
    }

    private static List<UsageHour> since(@Nullable Instant first, List<UsageHour> hours) {
        return first == null
                ? hours
                : hours.stream()
                        .filter(hour -> hour.hour() != null && !hour.hour().isBefore(first))
                        .toList();
    }

    /** Returns hours as they are told to other nodes. */
    public static List<Answer.Hour> answer(List<UsageHour> hours) {
        List<Answer.Hour> answer = new ArrayList<>(hours.size());
        for (UsageHour hour : hours) {
            Instant begin = hour.hour();
            answer.add(new Answer.Hour(begin == null ? null : begin.getEpochSecond(), hour.signals(), hour.bytes()));
        }
        return answer;
    }

    /** Returns hours as another node has told them. */
    public static List<UsageHour> hours(List<Answer.Hour> answer) {
        List<UsageHour> hours = new ArrayList<>(answer.size());
        for (Answer.Hour hour : answer) {
            Long begin = hour.beginSeconds();
            hours.add(new UsageHour(begin == null ? null : Instant.ofEpochSecond(begin), hour.signals(), hour.bytes()));
        }
        return hours;
    }

    /** Returns usage as it is told to other nodes. */
    public static Answer.Usage answer(TenantUsage usage) {
        return new Answer.Usage(
                usage.signalsPerSecond(), usage.entities(), usage.storageBytes(), usage.accepted(), usage.throttled());
    }

    /** Returns what was counted again as it is told to other nodes. */
    public static Answer.Recounted answer(UsageCheck check) {
        Instant from = check.from();
        return new Answer.Recounted(
                from == null ? null : from.getEpochSecond(),
                answer(check.metered()),
                answer(check.counted()),
                check.meteredEntities(),
                check.countedEntities());
    }

    /** Returns what another node has counted again. */
    public static UsageCheck check(Answer.Recounted answer) {
        Long from = answer.fromSeconds();
        return new UsageCheck(
                from == null ? null : Instant.ofEpochSecond(from),
                hours(answer.metered()),
                hours(answer.counted()),
                answer.meteredEntities(),
                answer.countedEntities());
    }
}

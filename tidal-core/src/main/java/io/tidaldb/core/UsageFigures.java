package io.tidaldb.core;

import io.tidaldb.core.remote.Answer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Usage as nodes tell it each other. */
final class UsageFigures {

    private UsageFigures() {}

    /** Adds up hours; what came before those that are kept apart stays apart. */
    static final class Sum {

        private final SortedMap<Optional<Instant>, UsageHour> hours =
                new TreeMap<>(Comparator.comparing(hour -> hour.orElse(Instant.MIN)));

        void add(List<UsageHour> more) {
            more.forEach(hour -> hours.merge(
                    Optional.ofNullable(hour.hour()),
                    hour,
                    (one, other) ->
                            new UsageHour(one.hour(), one.signals() + other.signals(), one.bytes() + other.bytes())));
        }

        List<UsageHour> hours() {
            return List.copyOf(hours.values());
        }
    }

    static List<UsageHour> sum(List<UsageHour> one, List<UsageHour> other) {
        Sum sum = new Sum();
        sum.add(one);
        sum.add(other);
        return sum.hours();
    }

    static List<Answer.Hour> answer(List<UsageHour> hours) {
        List<Answer.Hour> answer = new ArrayList<>(hours.size());
        for (UsageHour hour : hours) {
            Instant begin = hour.hour();
            answer.add(new Answer.Hour(begin == null ? null : begin.getEpochSecond(), hour.signals(), hour.bytes()));
        }
        return answer;
    }

    static List<UsageHour> hours(List<Answer.Hour> answer) {
        List<UsageHour> hours = new ArrayList<>(answer.size());
        for (Answer.Hour hour : answer) {
            Long begin = hour.beginSeconds();
            hours.add(new UsageHour(begin == null ? null : Instant.ofEpochSecond(begin), hour.signals(), hour.bytes()));
        }
        return hours;
    }

    static Answer.Recounted answer(UsageCheck check) {
        Instant from = check.from();
        return new Answer.Recounted(
                from == null ? null : from.getEpochSecond(),
                answer(check.metered()),
                answer(check.counted()),
                check.meteredEntities(),
                check.countedEntities());
    }

    static UsageCheck check(Answer.Recounted answer) {
        Long from = answer.fromSeconds();
        return new UsageCheck(
                from == null ? null : Instant.ofEpochSecond(from),
                hours(answer.metered()),
                hours(answer.counted()),
                answer.meteredEntities(),
                answer.countedEntities());
    }
}

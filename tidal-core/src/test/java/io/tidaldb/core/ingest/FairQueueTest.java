package io.tidaldb.core.ingest;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F-04 turns of tenants at a commit loop")
class FairQueueTest {

    private static final int KIB = 1 << 10;

    private final QueueBudget budget = new QueueBudget(1 << 20, 1 << 20);
    private final FairQueue queue = new FairQueue();

    private Flow flow(int tenant) {
        TenantConfig config = TenantConfig.builder(TenantId.of(tenant)).build();
        return new Flow(new TenantState(config, new RateQuota(config, new TokenBucketLimiterFactory(), 0), 0, budget));
    }

    private List<Line> lines(int count) {
        return IntStream.range(0, count).mapToObj(i -> new Line(i, flow(i))).toList();
    }

    private static Line line(List<Line> lines, LoopItem of) {
        return lines.get((int) requireNonNull(of.flow()).tenant.config().id().value());
    }

    /** What a test knows of a tenant's line. */
    private static final class Line {

        final int number;
        final Flow flow;
        final Deque<LoopItem> expected = new ArrayDeque<>();
        double served;

        Line(int number, Flow flow) {
            this.number = number;
            this.flow = flow;
        }

        int size() {
            return 100 << number % 10;
        }
    }

    private static LoopTask<?> item(Flow flow, int cost) {
        return new LoopTask<>(() -> cost, flow, cost);
    }

    @Test
    @DisplayName(
            "F-04 among tenants that always have something waiting each gets the same bytes, whatever the size of its writes")
    void equalSharesAmongSaturated() {
        List<Line> lines = lines(50);
        for (Line line : lines) {
            queue.add(line.flow, item(line.flow, line.size()));
        }
        long total = 64L << 20;
        for (long bytes = 0; bytes < total; ) {
            LoopItem item = requireNonNull(queue.next());
            Line line = line(lines, item);
            bytes += item.cost();
            line.served += item.cost();
            queue.add(line.flow, item(line.flow, line.size()));
        }
        double sum = lines.stream().mapToDouble(line -> line.served).sum();
        double squares =
                lines.stream().mapToDouble(line -> line.served * line.served).sum();
        assertThat(sum * sum / (lines.size() * squares)).as("Jain's index").isGreaterThan(0.95);
    }

    @Test
    @DisplayName("F-04 a tenant that writes little is next, however much the others have waiting")
    void quietTenantIsNext() {
        Flow noisy = flow(1);
        Flow quiet = flow(2);
        for (int i = 0; i < 10_000; i++) {
            queue.add(noisy, item(noisy, KIB));
        }
        for (int i = 0; i < 100; i++) {
            for (int served = 0; served < 40; served++) {
                queue.next();
            }
            LoopItem small = item(quiet, 100);
            queue.add(quiet, small);
            int before = 0;
            while (queue.next() != small) {
                before++;
            }
            assertThat(before).as("writes of the noisy tenant that went before").isLessThanOrEqualTo(16);
        }
    }

    @Test
    @DisplayName("F-04 a tenant that never lets its line run dry can't go first again and again")
    void sparseTenantHasNoMoreThanItsShare() {
        Flow steady = flow(1);
        Flow bursty = flow(2);
        long steadyBytes = 0;
        long burstyBytes = 0;
        queue.add(steady, item(steady, KIB));
        queue.add(bursty, item(bursty, 15 * KIB));
        for (int i = 0; i < 10_000; i++) {
            LoopItem item = requireNonNull(queue.next());
            if (item.flow() == steady) {
                steadyBytes += item.cost();
                queue.add(steady, item(steady, KIB));
            } else {
                burstyBytes += item.cost();
                queue.add(bursty, item(bursty, 15 * KIB));
            }
        }
        assertThat((double) burstyBytes / steadyBytes).isBetween(0.9, 1.1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    @DisplayName("F-04 nothing is lost or overtaken within a tenant")
    void keepsOrderWithinTenant(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Line> lines = lines(20);
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(3) > 0) {
                Line line = lines.get(random.nextInt(lines.size()));
                LoopItem item = item(line.flow, random.nextInt(100_000));
                line.expected.add(item);
                queue.add(line.flow, item);
            } else {
                LoopItem item = queue.next();
                if (item != null) {
                    assertThat(item).isSameAs(line(lines, item).expected.poll());
                }
            }
        }
        for (LoopItem item = queue.next(); item != null; item = queue.next()) {
            assertThat(item).isSameAs(line(lines, item).expected.poll());
        }
        assertThat(lines).allMatch(line -> line.expected.isEmpty());
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    @DisplayName("F-04 when memory for waiting writes runs out a tenant that has its share or less still gets in")
    void fullQueueKeepsNobodyOut() {
        QueueBudget small = new QueueBudget(1 << 20, 1 << 20);
        TenantConfig config = TenantConfig.builder(TenantId.of(1)).build();
        RateQuota rates = new RateQuota(config, new TokenBucketLimiterFactory(), 0);
        TenantState noisy = new TenantState(config, rates, 0, small);
        TenantState quiet = new TenantState(config, rates, 0, small);
        while (noisy.enqueue(KIB)) {
            // Until it is full.
        }
        assertThat(quiet.enqueue(512 * KIB)).isTrue();
        assertThat(quiet.enqueue(KIB)).as("beyond its share").isFalse();
        noisy.dequeue(1 << 20);
        assertThat(quiet.enqueue(KIB)).isTrue();
    }
}

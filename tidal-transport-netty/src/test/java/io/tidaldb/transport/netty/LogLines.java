package io.tidaldb.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/** What the transport logs while a test runs. */
final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.tidaldb.transport.netty");
    private final List<String> lines = new CopyOnWriteArrayList<>();

    LogLines() {
        start();
        logger.setLevel(Level.INFO);
        logger.addAppender(this);
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.add(event.getFormattedMessage());
    }

    List<String> all() {
        return List.copyOf(lines);
    }

    List<String> of(String part) {
        return lines.stream().filter(line -> line.contains(part)).toList();
    }

    /** Waits for a line that has all these parts. */
    String await(String... parts) {
        long end = System.nanoTime() + TestNode.PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            for (String line : lines) {
                if (List.of(parts).stream().allMatch(line::contains)) {
                    return line;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        assertThat(lines).as("a line with %s", List.of(parts)).isEmpty();
        return "";
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        logger.setLevel(null);
    }
}

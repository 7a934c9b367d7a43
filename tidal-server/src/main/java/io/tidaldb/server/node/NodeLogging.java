package io.tidaldb.server.node;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import org.slf4j.LoggerFactory;

/** The log of a node: one JSON object a line on standard error, so that no text of a user can pass for a line of its own. */
final class NodeLogging {

    private NodeLogging() {}

    /** Replaces the command line's log, unless a configuration of its own is given. */
    static void install() {
        if (System.getProperty("logback.configurationFile") != null
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.reset();
        JsonEncoder encoder = new JsonEncoder();
        encoder.setContext(context);
        encoder.setWithSequenceNumber(false);
        encoder.setWithNanoseconds(false);
        encoder.setWithContext(false);
        encoder.setWithArguments(false);
        encoder.setWithMessage(false);
        encoder.setWithFormattedMessage(true);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(appender);
        for (String chatty : new String[] {"org.eclipse.jetty", "io.javalin", "io.micrometer", "org.apache.ratis"}) {
            context.getLogger(chatty).setLevel(Level.WARN);
        }
        // They warn several times a second of a member that is away, and of names that two nodes in one process share.
        for (String alarmist : new String[] {
            "org.apache.ratis.server.leader.LogAppender",
            "org.apache.ratis.server.impl.LeaderElection",
            "org.apache.ratis.util.JmxRegister"
        }) {
            context.getLogger(alarmist).setLevel(Level.OFF);
        }
        // It warns of a bounded queue, which is what is wanted.
        context.getLogger("org.eclipse.jetty.util.thread.QueuedThreadPool").setLevel(Level.ERROR);
    }
}

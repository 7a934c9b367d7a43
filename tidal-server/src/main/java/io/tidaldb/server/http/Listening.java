package io.tidaldb.server.http;

import io.javalin.config.JettyConfig;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.NodeConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.ssl.KeyStoreScanner;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** How the server listens: on what, encrypted or not, and within which bounds. */
final class Listening {

    private static final int MAX_THREADS = 160;
    private static final int MIN_THREADS = 8;
    private static final int MAX_TASKS = 16_384;
    private static final int HEADER_BYTES = 8 << 10;
    private static final int IDLE_MILLIS = 30_000;
    private static final int SHUTDOWN_IDLE_MILLIS = 100;
    private static final int DRAIN_MILLIS = 10_000;

    /** Together with uploads fewer than there are threads. */
    private static final int MAX_SLOW_READERS = 32;

    private static final Duration READER_PATIENCE = Duration.ofSeconds(30);

    /** Else the system takes megabytes for each client that does not read. */
    private static final int SEND_BUFFER_BYTES = 256 << 10;

    /** Regular expressions: all of TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticates what it encrypts. */
    private static final String[] CIPHER_SUITES = {
        "TLS_(AES|CHACHA20)_.*", "TLS_ECDHE_(ECDSA|RSA)_WITH_(AES_\\d+_GCM|CHACHA20_POLY1305)_.*"
    };

    private final NodeConfiguration configuration;
    private final QueuedThreadPool threads;
    private final HeaderLimit headers;

    Listening(NodeConfiguration configuration) {
        this.configuration = configuration;
        this.threads = new QueuedThreadPool(MAX_THREADS, MIN_THREADS, 60_000, new ArrayBlockingQueue<>(MAX_TASKS));
        this.headers = new HeaderLimit(configuration.limits().headerTimeout());
        threads.setName("tidal-http");
        threads.setDaemon(true);
    }

    QueuedThreadPool threads() {
        return threads;
    }

    void configure(JettyConfig jetty, RequestLimit requests) {
        jetty.threadPool = threads;
        jetty.modifyHttpConfiguration(Listening::bound);
        jetty.modifyServer(server -> {
            server.setErrorHandler(new JettyProblems());
            server.setStopTimeout(DRAIN_MILLIS);
            SlowReaders readers = new SlowReaders(MAX_SLOW_READERS, READER_PATIENCE);
            readers.setHandler(requests);
            headers.setHandler(readers);
            GracefulHandler graceful = new GracefulHandler();
            graceful.setHandler(headers);
            server.setHandler(graceful);
            server.addBean(new NetworkConnectionLimit(configuration.limits().connections(), server));
        });
        jetty.modifyServletContextHandler(context -> context.setErrorHandler(new JettyProblems()));
        jetty.addConnector(this::connector);
    }

    private static void bound(HttpConfiguration http) {
        http.setRequestHeaderSize(HEADER_BYTES);
        http.setIdleTimeout(IDLE_MILLIS);
        http.setSendServerVersion(false);
        http.setSendXPoweredBy(false);
        http.setSendDateHeader(true);
    }

    private ServerConnector connector(Server server, HttpConfiguration http) {
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        ServerConnector connector = configuration
                .http()
                .tls()
                .map(tls -> {
                    http.setCustomizers(List.of(new SecureRequestCustomizer(false)));
                    return new ServerConnector(server, null, null, null, 1, 2, secured(server, tls, plain));
                })
                .orElseGet(() -> new ServerConnector(server, null, null, null, 1, 2, plain));
        connector.setHost(configuration.http().listen().host());
        connector.setPort(configuration.http().listen().port());
        connector.addEventListener(headers);
        connector.setIdleTimeout(IDLE_MILLIS);
        connector.setAcceptedSendBufferSize(SEND_BUFFER_BYTES);
        connector.setShutdownIdleTimeout(SHUTDOWN_IDLE_MILLIS);
        return connector;
    }

    private static org.eclipse.jetty.server.ConnectionFactory[] secured(
            Server server, NodeConfiguration.Tls tls, HttpConnectionFactory plain) {
        SslContextFactory.Server ssl = new SslContextFactory.Server();
        ssl.setKeyStorePath(tls.keystore().toAbsolutePath().toString());
        ssl.setKeyStoreType("PKCS12");
        ssl.setKeyStorePassword(password(tls.passwordFile()));
        ssl.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        ssl.setIncludeCipherSuites(CIPHER_SUITES);
        ssl.setSniRequired(false);
        // A certificate that is renewed counts without a restart; one that can't be read leaves the old one.
        server.addBean(new KeyStoreScanner(ssl));
        return new org.eclipse.jetty.server.ConnectionFactory[] {
            new org.eclipse.jetty.server.SslConnectionFactory(ssl, plain.getProtocol()), plain
        };
    }

    private static String password(Path file) {
        try {
            return Files.readString(file).lines().findFirst().orElse("");
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "http.tls.password_file " + file + " can't be read: " + e.getMessage());
        }
    }
}

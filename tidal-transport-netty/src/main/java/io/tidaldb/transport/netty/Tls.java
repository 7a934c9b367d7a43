package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportTls;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 with certificates on both sides. A certificate names its node by a subject alternative name: the URI {@code tidal:CLUSTER/NODE}, or
 * if it has none of that form a DNS name that is the node's.
 */
final class Tls {

    private static final String PROTOCOL = "TLSv1.3";
    private static final String SCHEME = "tidal:";
    private static final int DNS_NAME = 2;
    private static final int URI_NAME = 6;

    private final SslContext server;
    private final SslContext client;

    /** Who may name nodes; null if whoever may name clients may name nodes, too. */
    private final @Nullable X509TrustManager nodes;

    /** Who may name clients. */
    private final @Nullable X509TrustManager clients;

    /** What is proven with, for those that dial and those that are dialled. */
    interface Source {

        /** Returns the newest files that can be used. Called by any event loop. */
        Tls current();
    }

    /** @throws TidalException INVALID_CONFIGURATION if a file can't be used */
    Tls(TransportTls files) {
        for (Path file : all(files)) {
            if (!Files.isReadable(file) || !Files.isRegularFile(file)) {
                throw invalid("TLS: there is no file " + file + " that can be read; expected PEM");
            }
        }
        try {
            server = SslContextBuilder.forServer(
                            files.certificateChain().toFile(),
                            files.privateKey().toFile())
                    .sslProvider(SslProvider.JDK)
                    .protocols(PROTOCOL)
                    .trustManager(certificates(all(files).subList(2, all(files).size())))
                    .clientAuth(ClientAuth.REQUIRE)
                    .build();
            client = SslContextBuilder.forClient()
                    .keyManager(
                            files.certificateChain().toFile(),
                            files.privateKey().toFile())
                    .sslProvider(SslProvider.JDK)
                    .protocols(PROTOCOL)
                    .trustManager(files.authorities().toFile())
                    // Not the host is proven but the node: see check.
                    .endpointIdentificationAlgorithm(null)
                    .build();
            Path ofClients = files.clientAuthorities();
            nodes = ofClients == null ? null : trusting(certificates(List.of(files.authorities())));
            clients = ofClients == null ? null : trusting(certificates(List.of(ofClients)));
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw invalid("TLS: certificate " + files.certificateChain() + ", key " + files.privateKey()
                    + " and authorities " + all(files).subList(2, all(files).size()) + " can't be used: "
                    + Echo.plain(reason(e))
                    + "; expected PEM, the key PKCS #8 without a password");
        }
    }

    /** Returns all files: certificate, key, then those of authorities. */
    static List<Path> all(TransportTls files) {
        Path ofClients = files.clientAuthorities();
        List<Path> all = new ArrayList<>(List.of(files.certificateChain(), files.privateKey(), files.authorities()));
        if (ofClients != null) {
            all.add(ofClients);
        }
        return all;
    }

    private static X509Certificate[] certificates(List<Path> files) throws IOException, CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> certificates = new ArrayList<>();
        for (Path file : files) {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                factory.generateCertificates(in).forEach(each -> certificates.add((X509Certificate) each));
            }
        }
        if (certificates.isEmpty()) {
            throw new CertificateException("there is no certificate in " + files);
        }
        return certificates.toArray(X509Certificate[]::new);
    }

    private static X509TrustManager trusting(X509Certificate[] authorities)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (int i = 0; i < authorities.length; i++) {
            store.setCertificateEntry(Integer.toString(i), authorities[i]);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return Arrays.stream(factory.getTrustManagers())
                .filter(X509TrustManager.class::isInstance)
                .map(X509TrustManager.class::cast)
                .findFirst()
                .orElseThrow(() -> new KeyStoreException("this JDK checks no X.509 certificates"));
    }

    private static TidalException invalid(String message) {
        return new TidalException(ErrorCode.INVALID_CONFIGURATION, message);
    }

    SslHandler handler(ByteBufAllocator allocator, boolean dialled, long timeoutMillis) {
        SslHandler handler = (dialled ? client : server).newHandler(allocator);
        handler.setHandshakeTimeoutMillis(timeoutMillis);
        return handler;
    }

    /** Returns what is wrong with the certificate of whoever has dialled and says that it is a node or a client, or null. */
    @Nullable
    String checkDialling(SSLSession session, String cluster, NodeId node) {
        String wrong = check(session, cluster, node);
        X509TrustManager manager = node.isClient() ? clients : nodes;
        if (wrong != null || manager == null) {
            return wrong;
        }
        try {
            manager.checkClientTrusted(
                    Arrays.copyOf(
                            session.getPeerCertificates(),
                            session.getPeerCertificates().length,
                            X509Certificate[].class),
                    "UNKNOWN");
            return null;
        } catch (SSLPeerUnverifiedException | CertificateException e) {
            return "the authority of its certificate names no " + (node.isClient() ? "clients" : "nodes")
                    + ", and it says that it is " + node;
        }
    }

    /** Returns what is wrong with the certificate of whoever says that it is a node, or null. */
    static @Nullable String check(SSLSession session, String cluster, NodeId node) {
        try {
            X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
            List<String> uris = names(certificate, URI_NAME).stream()
                    .filter(uri -> uri.startsWith(SCHEME))
                    .toList();
            List<String> dns = names(certificate, DNS_NAME);
            String name = node.certifiedName();
            boolean proven = uris.isEmpty() ? dns.contains(name) : uris.contains(SCHEME + cluster + "/" + name);
            return proven
                    ? null
                    : "it says that it is node " + node + ", but its certificate is for "
                            + Echo.of(String.join(", ", uris.isEmpty() ? dns : uris)) + "; expected the DNS name "
                            + name
                            + " or the URI " + SCHEME + cluster + "/" + name;
        } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
            return "it has no certificate that can be read: " + Echo.plain(reason(e));
        }
    }

    private static List<String> names(X509Certificate certificate, int type) throws CertificateParsingException {
        List<String> names = new ArrayList<>();
        Collection<List<?>> all = certificate.getSubjectAlternativeNames();
        if (all != null) {
            for (List<?> name : all) {
                if (name.get(0).equals(type)) {
                    names.add((String) name.get(1));
                }
            }
        }
        return names;
    }

    /** Returns what went wrong, without the exceptions around it. */
    static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}

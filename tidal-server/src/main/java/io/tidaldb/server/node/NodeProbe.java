package io.tidaldb.server.node;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.config.NodeConfiguration;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Asks the node on this machine that has a configuration whether it serves. */
final class NodeProbe {

    private static final Duration PATIENCE = Duration.ofSeconds(8);
    private static final String ANYWHERE = "0.0.0.0";

    private NodeProbe() {}

    /**
     * Returns when it serves.
     *
     * @throws TidalException PEER_UNAVAILABLE if it does not, with what it said
     */
    static void ask(NodeConfiguration configuration) throws InterruptedException {
        Address listen = configuration.http().listen();
        if (listen.port() == 0) {
            throw TidalException.invalid("http.listen is " + listen + ": a node at any free port can't be probed");
        }
        String host = listen.host().equals(ANYWHERE) ? "127.0.0.1" : listen.host();
        boolean secured = configuration.http().tls().isPresent();
        URI uri = URI.create((secured ? "https://" : "http://") + new Address(host, listen.port()) + "/readyz");
        HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(PATIENCE);
        try {
            if (secured) {
                client.sslContext(itsOwn(configuration.http().tls().orElseThrow()));
            }
            HttpResponse<String> answer = client.build()
                    .send(HttpRequest.newBuilder(uri).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw refused(uri, answer.body());
            }
        } catch (IOException | GeneralSecurityException e) {
            throw refused(uri, e.getMessage() == null ? "nothing listens there" : e.getMessage());
        }
    }

    private static TidalException refused(URI uri, String why) {
        return new TidalException(ErrorCode.PEER_UNAVAILABLE, "the node at " + uri + " does not serve: " + why);
    }

    /** Believes the certificate of the node's own keystore, whatever names are in it, and no other. */
    private static SSLContext itsOwn(NodeConfiguration.Tls tls) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        String password =
                Files.readString(tls.passwordFile()).lines().findFirst().orElse("");
        try (InputStream in = Files.newInputStream(tls.keystore())) {
            store.load(in, password.toCharArray());
        }
        Set<X509Certificate> own = new HashSet<>();
        for (String alias : Collections.list(store.aliases())) {
            if (store.getCertificate(alias) instanceof X509Certificate certificate) {
                own.add(certificate);
            }
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Own(own)}, null);
        return context;
    }

    /** Whoever shows one of these certificates. */
    private static final class Own extends X509ExtendedTrustManager {

        private final Set<X509Certificate> own;

        Own(Set<X509Certificate> own) {
            this.own = own;
        }

        private void check(X509Certificate[] chain) throws CertificateException {
            if (!own.contains(chain[0])) {
                throw new CertificateException("it shows another certificate than that of http.tls.keystore");
            }
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}

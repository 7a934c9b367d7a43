package io.tidaldb.server.cli.doctor;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.config.NodeConfiguration;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Whether a node could be started as it is configured. */
final class ConfigurationChecks {

    private static final long GIB = 1L << 30;
    private static final Duration SOON = Duration.ofDays(14);

    private ConfigurationChecks() {}

    static List<Finding> all(NodeConfiguration configuration) {
        List<Finding> findings = new ArrayList<>();
        findings.add(Finding.good(
                "configuration", "node " + configuration.node() + " of cluster " + configuration.cluster()));
        findings.add(directory(configuration.dataDir()));
        findings.add(port("http.listen", configuration.http().listen()));
        if (!configuration.others().isEmpty()) {
            findings.add(port("transport.listen", configuration.transport().listen()));
        }
        configuration.tokens().ifPresent(file -> findings.add(tokens(file)));
        configuration.http().tls().ifPresent(tls -> findings.add(certificate("http.tls", () -> keystore(tls))));
        configuration
                .transport()
                .tls()
                .ifPresent(tls -> findings.add(certificate("transport.tls", () -> pem(tls.certificate()))));
        if (configuration.debug()) {
            findings.add(Finding.better("debug", "faults may be injected", "take debug out where it matters"));
        }
        return findings;
    }

    private static Finding directory(Path directory) {
        Path there = directory.toAbsolutePath();
        while (Files.notExists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        try {
            long free = Files.getFileStore(there).getUsableSpace();
            String found = directory + ", " + free / (GIB / 1_024) + " MiB free";
            if (!Files.isDirectory(there) || !Files.isWritable(there)) {
                return Finding.bad("data_dir", there + " is not a directory that can be written", "choose another one");
            }
            return free >= GIB
                    ? Finding.good("data_dir", found)
                    : Finding.better("data_dir", found, "make room: writes are refused on a full disk");
        } catch (IOException e) {
            return Finding.bad(
                    "data_dir", there + " can't be looked at: " + e.getMessage(), "choose another directory");
        }
    }

    private static Finding port(String name, Address address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address.host(), address.port()));
            return Finding.good(name, address + " is free");
        } catch (IOException e) {
            return Finding.better(
                    name,
                    address + " can't be listened on: " + e.getMessage(),
                    "if it is not this node that runs, end what listens there, or choose another address");
        }
    }

    private static Finding tokens(Path file) {
        try {
            Authenticator.of(Optional.of(file));
            long valid = new TokenFile(file)
                    .read().stream()
                            .filter(token ->
                                    token.expires() == null || token.expires().isAfter(Instant.now()))
                            .count();
            return valid > 0
                    ? Finding.good("auth.tokens", valid + " are valid")
                    : Finding.better("auth.tokens", "none is valid", "make one with tidal token create");
        } catch (TidalException e) {
            return Finding.bad("auth.tokens", String.valueOf(e.getMessage()), "correct the file");
        }
    }

    /** Reads certificates. */
    private interface Source {
        List<? extends Certificate> read() throws IOException, GeneralSecurityException;
    }

    private static Finding certificate(String name, Source source) {
        try {
            Instant end = null;
            for (Certificate each : source.read()) {
                Instant until = ((X509Certificate) each).getNotAfter().toInstant();
                end = end == null || until.isBefore(end) ? until : end;
            }
            if (end == null) {
                return Finding.bad(name, "there is no certificate", "put one in");
            }
            String found = "valid until " + end;
            if (end.isBefore(Instant.now())) {
                return Finding.bad(name, found, "renew the certificate");
            }
            return end.isBefore(Instant.now().plus(SOON))
                    ? Finding.better(name, found, "renew the certificate: the node need not be restarted")
                    : Finding.good(name, found);
        } catch (IOException | GeneralSecurityException e) {
            return Finding.bad(name, "can't be read: " + e.getMessage(), "correct file or password");
        }
    }

    private static List<Certificate> keystore(NodeConfiguration.Tls tls) throws IOException, GeneralSecurityException {
        String password =
                Files.readString(tls.passwordFile()).lines().findFirst().orElse("");
        try (InputStream in = Files.newInputStream(tls.keystore())) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, password.toCharArray());
            List<Certificate> all = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                Certificate certificate = store.getCertificate(alias);
                if (certificate != null) {
                    all.add(certificate);
                }
            }
            return all;
        }
    }

    private static List<Certificate> pem(Path file) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(file)) {
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
        }
    }
}

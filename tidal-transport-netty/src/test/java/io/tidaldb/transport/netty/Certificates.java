package io.tidaldb.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.transport.TransportTls;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority, made for one test by the JDK's own tool, and the certificates that it gives out. */
final class Certificates {

    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final String name;
    private final Path store;

    Certificates(Path directory, String name) throws Exception {
        this.directory = directory;
        this.name = name;
        this.store = directory.resolve(name + ".p12");
        keytool(
                store,
                "-genkeypair",
                "-alias",
                "ca",
                "-dname",
                "CN=" + name,
                "-keyalg",
                "EC",
                "-ext",
                "bc:c",
                "-ext",
                "ku:c=keyCertSign",
                "-validity",
                "2");
        write(authorities(), "CERTIFICATE", certificate(store, "ca").getEncoded());
    }

    Path authorities() {
        return directory.resolve(name + ".pem");
    }

    /** Returns what a node needs whose certificate has a subject alternative name such as {@code dns:n1}, and is valid from now on. */
    TransportTls issue(String file, String alternativeName) throws Exception {
        return issue(file, alternativeName, "-1H", "2");
    }

    TransportTls issue(String file, String alternativeName, String from, String days) throws Exception {
        Path own = directory.resolve(name + "-" + file + ".p12");
        Path request = directory.resolve(name + "-" + file + ".csr");
        Path issued = directory.resolve(name + "-" + file + ".crt");
        keytool(own, "-genkeypair", "-alias", "node", "-dname", "CN=" + file, "-keyalg", "EC");
        keytool(own, "-certreq", "-alias", "node", "-file", request.toString());
        keytool(
                store,
                "-gencert",
                "-alias",
                "ca",
                "-infile",
                request.toString(),
                "-outfile",
                issued.toString(),
                "-rfc",
                "-startdate",
                from,
                "-validity",
                days,
                "-ext",
                "san=" + alternativeName,
                "-ext",
                "eku=serverAuth,clientAuth");
        Path key = directory.resolve(name + "-" + file + ".key");
        write(
                key,
                "PRIVATE KEY",
                load(own).getKey("node", PASSWORD.toCharArray()).getEncoded());
        return new TransportTls(issued, key, authorities());
    }

    /** Returns a node's files with another's authorities. */
    TransportTls trusting(TransportTls files) {
        return new TransportTls(files.certificateChain(), files.privateKey(), authorities());
    }

    private static Certificate certificate(Path store, String alias) throws Exception {
        return load(store).getCertificate(alias);
    }

    private static KeyStore load(Path store) throws Exception {
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD.toCharArray());
        }
        return loaded;
    }

    private static void write(Path file, String type, byte[] content) throws Exception {
        Files.writeString(
                file,
                "-----BEGIN " + type + "-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + type
                        + "-----\n");
    }

    private static void keytool(Path store, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as("%s: %s", command, output).isZero();
    }
}

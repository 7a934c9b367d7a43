package io.tidaldb.testkit;

import io.tidaldb.api.transport.TransportTls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

/**
 * An authority, made for one test by the JDK's own {@code keytool}, and the certificates that it gives out: all in PEM, in files of the
 * test's directory. Not thread-safe.
 */
public final class Certificates {

    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final String name;
    private final Path store;

    /**
     * Makes an authority.
     *
     * @param directory where its files and those of its certificates go
     * @param name tells it from other authorities in the directory
     * @throws IOException if the tool fails or a file can't be written
     */
    public Certificates(Path directory, String name) throws IOException {
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
        try {
            write(authorities(), "CERTIFICATE", load(store).getCertificate("ca").getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** Returns the file with the authority's own certificate. */
    public Path authorities() {
        return directory.resolve(name + ".pem");
    }

    /**
     * Returns what a node needs whose certificate is valid now.
     *
     * @param file tells its files from those of others
     * @param alternativeName the certificate's subject alternative names, as {@code dns:n1} or {@code uri:tidal:shop/n1}
     * @throws IOException if the tool fails or a file can't be written
     */
    public TransportTls issue(String file, String alternativeName) throws IOException {
        return issue(file, alternativeName, "-1H", "2");
    }

    /**
     * Returns what a node needs.
     *
     * @param from when the certificate begins to be valid, as {@code keytool} takes it: {@code -10d}
     * @param days how many days it is valid
     * @throws IOException if the tool fails or a file can't be written
     */
    public TransportTls issue(String file, String alternativeName, String from, String days) throws IOException {
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
        try {
            Key secret = Objects.requireNonNull(load(own).getKey("node", PASSWORD.toCharArray()));
            write(key, "PRIVATE KEY", secret.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
        return new TransportTls(issued, key, authorities());
    }

    /** Returns a node's files with this authority in place of its own. */
    public TransportTls trusting(TransportTls files) {
        return new TransportTls(files.certificateChain(), files.privateKey(), authorities());
    }

    private static KeyStore load(Path store) throws IOException, GeneralSecurityException {
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD.toCharArray());
        }
        return loaded;
    }

    private static void write(Path file, String type, byte[] content) throws IOException {
        Files.writeString(
                file,
                "-----BEGIN " + type + "-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + type
                        + "-----\n");
    }

    private static void keytool(Path store, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.onExit().join().exitValue();
        if (code != 0) {
            throw new IOException(command + " ends with " + code + ": " + output);
        }
    }
}

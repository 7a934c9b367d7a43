package io.tidaldb.server.client;

import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Whose certificates are believed: those that the system trusts, and those of a file. */
final class Trust {

    // The JDK's client tells them from other failures of a handshake by their words alone: within it, and before it.
    private static final Set<String> BROKEN_OFF =
            Set.of("Remote host terminated the handshake", "Remote host closed the channel");

    private static final long MAX_BYTES = 16L << 20;

    private Trust() {}

    /**
     * Returns a context that believes the system and a PEM file.
     *
     * @throws TidalException INVALID_ARGUMENT if the file holds no certificates
     */
    static SSLContext with(Path file) throws IOException {
        Collection<? extends Certificate> certificates = certificates(file);
        try {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            int number = 0;
            for (TrustManager manager : managers(null)) {
                if (manager instanceof X509TrustManager system) {
                    for (X509Certificate issuer : system.getAcceptedIssuers()) {
                        trusted.setCertificateEntry("system-" + number++, issuer);
                    }
                }
            }
            for (Certificate certificate : certificates) {
                trusted.setCertificateEntry("file-" + number++, certificate);
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers(trusted), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS can't be set up: " + e.getMessage(), e);
        }
    }

    private static TrustManager[] managers(@org.jspecify.annotations.Nullable KeyStore trusted)
            throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return factory.getTrustManagers();
    }

    private static Collection<? extends Certificate> certificates(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw TidalException.invalid("--cacert " + file + " is larger than " + MAX_BYTES + " bytes");
        }
        try (InputStream content = Files.newInputStream(file)) {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(content);
            if (!found.isEmpty()) {
                return found;
            }
        } catch (CertificateException e) {
            throw noCertificates(file);
        }
        throw noCertificates(file);
    }

    private static TidalException noCertificates(Path file) {
        return TidalException.invalid(
                "--cacert " + file + " holds no certificates: expected PEM, -----BEGIN CERTIFICATE----- and so on");
    }

    /**
     * Returns whether a connection failed because of what the other side is. One that was broken off before both knew each other says
     * nothing about that: something in between, such as a container's port, takes connections for a server that is not there yet.
     */
    static boolean isMissing(@Nullable Throwable failure) {
        return failure instanceof SSLException
                && (failure.getMessage() == null || !BROKEN_OFF.contains(failure.getMessage()));
    }
}

package io.tidaldb.api.transport;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How nodes prove to each other who they are: with certificates, on both sides. All files are PEM and are read when the transport is
 * created.
 *
 * @param certificateChain the node's certificate, then those between it and an authority
 * @param privateKey the key of that certificate, PKCS #8, without a password
 * @param authorities the certificates of those who are trusted to name nodes
 * @param clientAuthorities the certificates of those who are trusted to name clients, and no nodes, while {@code authorities} name no clients;
 *     null if {@code authorities} are trusted to name both
 */
public record TransportTls(
        Path certificateChain,
        Path privateKey,
        Path authorities,
        @Nullable Path clientAuthorities) {

    /** With authorities that name both nodes and clients. */
    public TransportTls(Path certificateChain, Path privateKey, Path authorities) {
        this(certificateChain, privateKey, authorities, null);
    }
}

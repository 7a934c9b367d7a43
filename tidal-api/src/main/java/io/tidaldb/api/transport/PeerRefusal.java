package io.tidaldb.api.transport;

/** Why somebody who wanted a link got none, or was refused what he asked over it. */
public enum PeerRefusal {
    /** He could not prove anything: no certificate, one that no authority has signed or that has expired, or no TLS at all. */
    TLS,
    /** What he proved is not what he said: his certificate is another one's, or of an authority that names no such. */
    CERTIFICATE,
    /** What he said is nothing that a node of this cluster would say to this one. */
    GREETING,
    /** He has a link as a client, or as a node that was removed, and asked for what only nodes may. A transport does not say this. */
    REQUEST
}

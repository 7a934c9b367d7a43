package io.tidaldb.api.transport;

/** Why somebody who wanted a link got none. */
public enum PeerRefusal {
    /** He could not prove anything: no certificate, one that no authority has signed or that has expired, or no TLS at all. */
    TLS,
    /** What he proved is not what he said: his certificate is another one's, or of an authority that names no such. */
    CERTIFICATE,
    /** What he said is nothing that a node of this cluster would say to this one. */
    GREETING
}

package io.tidaldb.server.cluster;

/** What keeps a cluster on this machine from being started or stopped; the message is one for people. */
public final class ClusterException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean refusal;

    private ClusterException(String message, boolean refusal) {
        super(message);
        this.refusal = refusal;
    }

    static ClusterException failed(String message) {
        return new ClusterException(message, false);
    }

    /** It could be done, and would not be right. */
    static ClusterException refused(String message) {
        return new ClusterException(message, true);
    }

    /** Returns whether a safety check said no. */
    public boolean isRefusal() {
        return refusal;
    }
}

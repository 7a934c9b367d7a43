package io.tidaldb.server.importing;

/** Is told what was acknowledged, after it was and never before. Used by one thread at a time. */
public interface AckSink {

    /** Forgets everything. */
    AckSink NONE = ack -> {};

    /** An event was acknowledged. */
    void acknowledged(Acknowledgement ack);

    /** What came since the last call must now outlive this process. */
    default void flush() {}

    /** Returns a sink that tells both. */
    default AckSink and(AckSink other) {
        AckSink first = this;
        return new AckSink() {
            @Override
            public void acknowledged(Acknowledgement ack) {
                first.acknowledged(ack);
                other.acknowledged(ack);
            }

            @Override
            public void flush() {
                first.flush();
                other.flush();
            }
        };
    }
}

package io.tidaldb.bench;

/** Two ends of a connection over loopback, in one process. */
interface Wire extends AutoCloseable {

    /** Size of a question, and of its answer. */
    int QUESTION_BYTES = 1024;

    /** Asks something and is answered with as much; calls back from any thread, never in the caller's stack. */
    void ask(Runnable answered);

    /** Sends so many messages of one size one way; returns when the last one has arrived. */
    void stream(int messages, int messageBytes) throws Exception;
}

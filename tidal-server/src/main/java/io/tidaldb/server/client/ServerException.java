package io.tidaldb.server.client;

/** A server's refusal, or failure, that the store itself knows no code for; the message is one for people. */
public final class ServerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ServerException(String message) {
        super(message);
    }
}

package io.tidaldb.server.auth;

import io.tidaldb.api.TidalException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows callers by their tokens. A file that was changed counts within {@link #RELOAD}; one that can't be read any more is reported, and
 * what was read last stays. Safe for any number of threads.
 */
public final class Authenticator {

    /** How long a change of the file, a revocation above all, may take to count. */
    public static final Duration RELOAD = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Authenticator.class);
    private static final String NOBODY = "nobody";
    private static final byte[] NO_HASH = new byte[32];

    private final Optional<TokenFile> file;
    private final AtomicLong nextLookNanos = new AtomicLong();
    private volatile Listener told = (id, added) -> {};
    private volatile Known known = new Known("", Map.of());

    private record Known(Object version, Map<String, Token> tokens) {}

    private Authenticator(Optional<TokenFile> file) {
        this.file = file;
    }

    /**
     * Reads the tokens of a file; without one, everybody is operator.
     *
     * @throws TidalException INVALID_CONFIGURATION if the file can't be used
     */
    public static Authenticator of(Optional<Path> tokens) {
        Authenticator authenticator = new Authenticator(tokens.map(TokenFile::new));
        authenticator.file.ifPresent(file -> authenticator.known = load(file));
        authenticator.nextLookNanos.set(System.nanoTime() + RELOAD.toNanos());
        return authenticator;
    }

    /** Returns the file of tokens, if there is one. */
    public Optional<TokenFile> file() {
        return file;
    }

    /** The file was changed: it is looked at before the next caller is let in. */
    public void changed() {
        nextLookNanos.set(System.nanoTime());
    }

    /** Returns whether tokens are asked for. */
    public boolean isRequired() {
        return file.isPresent();
    }

    /** Sets who is told of tokens that the file has from now on or has no more, by id. Called once, before anybody is let in. */
    public void listen(Listener listener) {
        told = listener;
    }

    /** Hears of changes of the file; called by the thread that noticed. */
    @FunctionalInterface
    public interface Listener {

        /** A token was added, or one with this id was changed. */
        void changed(String id, boolean added);
    }

    /**
     * What is made of a text.
     *
     * @param caller who presents it; null if it is no token that is valid now
     * @param who who it seems to be, for logs: of a token that is known its id
     * @param reason why it is not valid; null if it is
     */
    public record Verdict(
            @Nullable Caller caller, String who, @Nullable String reason) {}

    /** Returns who presents this text, or nothing if it is no token that is known and valid now. */
    public Optional<Caller> caller(String presented, Instant now) {
        return Optional.ofNullable(verdict(presented, now).caller());
    }

    /** Returns who presents this text, or why it is nobody; the reason is for logs, and nothing that a stranger is told. */
    public Verdict verdict(String presented, Instant now) {
        file.ifPresent(this::reloadIfDue);
        Optional<Secret> secret = Secret.parse(presented);
        if (secret.isEmpty()) {
            return new Verdict(null, NOBODY, "it is no token");
        }
        Token token = known.tokens.get(secret.get().id());
        byte[] expected = token == null ? NO_HASH : HexFormat.of().parseHex(token.hash());
        // In constant time, and also where no such token is known.
        boolean same = MessageDigest.isEqual(secret.get().hash(), expected);
        if (token == null || !same) {
            return new Verdict(null, NOBODY, token == null ? "the token is not known" : "the token's secret is wrong");
        }
        if (token.expires() != null && !now.isBefore(token.expires())) {
            return new Verdict(null, "token " + token.id(), "the token has expired");
        }
        return new Verdict(
                new Caller(token.id(), Set.copyOf(token.scopes()), Set.copyOf(new HashSet<>(token.tenants()))),
                "token " + token.id(),
                null);
    }

    private void reloadIfDue(TokenFile tokens) {
        long due = nextLookNanos.get();
        long now = System.nanoTime();
        if (now - due < 0 || !nextLookNanos.compareAndSet(due, now + RELOAD.toNanos())) {
            return;
        }
        if (!tokens.version().equals(known.version)) {
            try {
                Known before = known;
                known = load(tokens);
                tell(before.tokens, known.tokens);
                LOG.info("tokens were read again: {}", known.tokens.size());
            } catch (TidalException e) {
                LOG.error("tokens stay as they were: {}", e.getMessage());
            }
        }
    }

    private void tell(Map<String, Token> before, Map<String, Token> after) {
        after.forEach((id, token) -> {
            if (!token.equals(before.get(id))) {
                told.changed(id, true);
            }
        });
        before.keySet().stream().filter(id -> !after.containsKey(id)).forEach(id -> told.changed(id, false));
    }

    private static Known load(TokenFile file) {
        Object version = file.version();
        Map<String, Token> tokens = new HashMap<>();
        file.read().forEach(token -> tokens.put(token.id(), token));
        return new Known(version, tokens);
    }
}

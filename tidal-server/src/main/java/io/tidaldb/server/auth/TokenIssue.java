package io.tidaldb.server.auth;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A token that was just made.
 *
 * @param token as it is kept
 * @param secret as its owner presents it; shown once and kept nowhere
 */
public record TokenIssue(Token token, String secret) {

    private static final int MAX_LABEL = 64;

    /**
     * Makes a token and adds it to a file.
     *
     * @param tenants whom reading and writing are about; none for an operator
     * @throws TidalException INVALID_ARGUMENT if scopes and tenants don't go together or the label is too long
     */
    public static TokenIssue into(
            TokenFile file,
            String label,
            List<Scope> scopes,
            List<TenantId> tenants,
            Instant now,
            @Nullable Instant expires) {
        boolean operator = scopes.contains(Scope.OPERATOR);
        if (scopes.isEmpty() || (operator && scopes.size() > 1)) {
            throw TidalException.invalid(
                    "scopes " + scopes + " are not valid: expected operator, read, write, or read and write");
        }
        if (operator != tenants.isEmpty()) {
            throw TidalException.invalid(
                    operator
                            ? "an operator's token names tenants: expected none, it is for all"
                            : "a token to read or write names no tenant: expected at least one");
        }
        if (label.length() > MAX_LABEL || label.chars().anyMatch(Character::isISOControl)) {
            throw TidalException.invalid(
                    "label is not valid: expected at most " + MAX_LABEL + " characters without control characters");
        }
        if (expires != null && !expires.isAfter(now)) {
            throw TidalException.invalid("expiry " + expires + " is past");
        }
        Secret secret = Secret.random();
        Token token = new Token(
                secret.id(),
                label,
                HexFormat.of().formatHex(secret.hash()),
                List.copyOf(new TreeSet<>(scopes)),
                List.copyOf(new TreeSet<>(tenants)),
                now,
                expires);
        file.change(before -> {
            List<Token> after = new ArrayList<>(before);
            after.add(token);
            return after;
        });
        return new TokenIssue(token, secret.reveal());
    }

    /** Says which token, not what it is. */
    @Override
    public String toString() {
        return "token " + token.id();
    }
}

package io.tidaldb.api;

/** Reads the printed forms of identities; every failure names the kind of identity, the text and what was expected. */
final class IdentityText {

    /** For identities that are written as the number alone. */
    static final char NO_PREFIX = '\0';

    private static final int MAX_ECHO = 80;

    private IdentityText() {}

    static int unsigned16(String kind, char prefix, String text) {
        long value = unsigned(16, kind, prefix, text);
        if (value < 0 || value > 0xFFFF) {
            throw malformed(16, kind, prefix, text);
        }
        return (int) value;
    }

    static long unsigned64(String kind, char prefix, String text) {
        return unsigned(64, kind, prefix, text);
    }

    private static long unsigned(int bits, String kind, char prefix, String text) {
        String digits = !text.isEmpty() && text.charAt(0) == prefix ? text.substring(1) : text;
        // Long would take a sign and the digits of other scripts as well, and then two texts would name one identity.
        if (isDigits(digits)) {
            try {
                return Long.parseUnsignedLong(digits);
            } catch (NumberFormatException e) {
                throw malformed(bits, kind, prefix, text);
            }
        }
        throw malformed(bits, kind, prefix, text);
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static TidalException malformed(int bits, String kind, char prefix, String text) {
        String most = Long.toUnsignedString(-1L >>> (64 - bits));
        return TidalException.invalid(kind + " id " + echo(text) + " is not an unsigned " + bits
                + "-bit decimal number: expected 0 to " + most
                + (prefix == NO_PREFIX ? "" : ", or " + prefix + "0 to " + prefix + most));
    }

    static String echo(String text) {
        String shown = text.length() <= MAX_ECHO ? text : text.substring(0, MAX_ECHO) + "…";
        StringBuilder safe = new StringBuilder("\"");
        shown.chars().forEach(c -> safe.append(Character.isISOControl(c) ? '?' : (char) c));
        return safe.append('"').toString();
    }
}

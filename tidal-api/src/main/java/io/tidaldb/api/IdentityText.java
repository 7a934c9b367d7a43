package io.tidaldb.api;

/** Reads the printed forms of identities; every failure names the kind of identity, the text and what was expected. */
final class IdentityText {

    private static final int MAX_ECHO = 80;

    private IdentityText() {}

    static int unsigned16(String kind, char prefix, String text) {
        long value = unsigned64(kind, prefix, text);
        if (value < 0 || value > 0xFFFF) {
            throw TidalException.invalid(kind + " id " + echo(text) + " is out of range: expected 0 to 65535");
        }
        return (int) value;
    }

    static long unsigned64(String kind, char prefix, String text) {
        String digits = !text.isEmpty() && text.charAt(0) == prefix ? text.substring(1) : text;
        // Long would take a sign and the digits of other scripts as well, and then two texts would name one identity.
        if (isDigits(digits)) {
            try {
                return Long.parseUnsignedLong(digits);
            } catch (NumberFormatException e) {
                throw malformed(kind, text);
            }
        }
        throw malformed(kind, text);
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    static TidalException malformed(String kind, String text) {
        return TidalException.invalid(kind + " id " + echo(text)
                + " is not an unsigned 64-bit decimal number: expected 0 to 18446744073709551615");
    }

    static String echo(String text) {
        String shown = text.length() <= MAX_ECHO ? text : text.substring(0, MAX_ECHO) + "…";
        StringBuilder safe = new StringBuilder("\"");
        shown.chars().forEach(c -> safe.append(Character.isISOControl(c) ? '?' : (char) c));
        return safe.append('"').toString();
    }
}

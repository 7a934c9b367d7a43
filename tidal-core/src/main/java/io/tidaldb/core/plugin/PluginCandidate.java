package io.tidaldb.core.plugin;

import io.tidaldb.api.PluginFactory;
import org.jspecify.annotations.Nullable;

/** What was found: how it is shown, and the factory unless it could not be made. */
record PluginCandidate(
        PluginDescription description, @Nullable PluginFactory factory) {

    boolean usable() {
        return description.refused() == null;
    }

    boolean sameNameAs(PluginCandidate other) {
        return description.kind().equals(other.description.kind())
                && description.name().equals(other.description.name());
    }

    PluginCandidate refused(String reason) {
        PluginDescription shown = description;
        return new PluginCandidate(
                new PluginDescription(
                        shown.kind(), shown.name(), shown.version(), shown.source(), shown.classLoader(), reason),
                factory);
    }
}

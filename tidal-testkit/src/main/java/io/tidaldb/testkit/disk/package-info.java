/** A disk in memory behind {@code java.nio.file}: it fails as it is told, and shows at any call what a power cut would leave. */
@NullMarked
package io.tidaldb.testkit.disk;

import org.jspecify.annotations.NullMarked;

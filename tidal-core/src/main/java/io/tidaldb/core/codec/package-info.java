/** What the payload of a batch means: the byte layouts of all record kinds, and the chain over batches. */
@NullMarked
package io.tidaldb.core.codec;

import org.jspecify.annotations.NullMarked;

/** What an embedder sees: open an instance, record signals, read what they mean now. */
@NullMarked
package io.tidaldb.core;

import org.jspecify.annotations.NullMarked;

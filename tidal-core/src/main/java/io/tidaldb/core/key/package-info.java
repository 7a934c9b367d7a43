/** Seals what is stored of a tenant with keys of its own: data keys, the batches and files under them, and the vault that wraps them. */
@NullMarked
package io.tidaldb.core.key;

import org.jspecify.annotations.NullMarked;

/**
 * Erases tenants and single entities on all nodes, and keeps count of who has done it. Erasing the bytes is the part of {@code
 * core.ingest}.
 */
@NullMarked
package io.tidaldb.core.erasure;

import org.jspecify.annotations.NullMarked;

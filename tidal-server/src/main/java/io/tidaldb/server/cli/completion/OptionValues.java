package io.tidaldb.server.cli.completion;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ITypeInfo;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ScopeType;

/** Makes shells offer what the help shows: {@code table} and {@code json} for {@code --output table|json}, files for {@code FILE}. */
final class OptionValues {

    private static final Pattern WORDS = Pattern.compile("[a-z]+(\\|[a-z]+)*");

    // Some files may be - as well, and are text to the commands.
    private static final ITypeInfo FILE =
            OptionSpec.builder("--file").type(File.class).build().typeInfo();

    private OptionValues() {}

    /** Does so for a command and all below it, which is only good for completion then. */
    static void install(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        for (OptionSpec option : List.copyOf(spec.options())) {
            spec.remove(option);
            // Each command has what it inherits already.
            OptionSpec.Builder shown = OptionSpec.builder(option).scopeType(ScopeType.LOCAL);
            if (isFile(option)) {
                shown.typeInfo(FILE);
            } else if (isChoice(option)) {
                shown.completionCandidates(words(option));
            }
            spec.addOption(shown.build());
        }
        for (PositionalParamSpec parameter : List.copyOf(spec.positionalParameters())) {
            spec.remove(parameter);
            PositionalParamSpec.Builder shown = PositionalParamSpec.builder(parameter);
            if (isFile(parameter)) {
                shown.typeInfo(FILE);
            } else if (isChoice(parameter)) {
                shown.completionCandidates(words(parameter));
            }
            spec.addPositional(shown.build());
        }
        command.getSubcommands().values().forEach(OptionValues::install);
    }

    private static boolean isFile(ArgSpec argument) {
        return argument.paramLabel().startsWith("FILE");
    }

    // A single word is a value only where there is nothing else to say; elsewhere it is an example.
    private static boolean isChoice(ArgSpec argument) {
        String label = argument.paramLabel();
        return WORDS.matcher(label).matches()
                && (label.contains("|") || argument.type().isEnum());
    }

    private static List<String> words(ArgSpec argument) {
        return Arrays.asList(argument.paramLabel().split("\\|"));
    }
}

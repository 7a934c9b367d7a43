package io.tidaldb.server.cli.completion;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Writes what fish needs to complete command lines: one line for each command, option and parameter, and when it applies. */
final class FishCompletion {

    private final String name;
    private final String at;
    private final StringBuilder script = new StringBuilder();

    private FishCompletion(String name) {
        this.name = name;
        this.at = "__" + name + "_at";
    }

    /** Returns the script for a command and all below it. */
    static String of(CommandLine root) {
        FishCompletion completion = new FishCompletion(root.getCommandName());
        List<String> paths = new ArrayList<>();
        paths(root, "", paths);
        completion.begin(paths);
        completion.command(root, "");
        return completion.script.toString();
    }

    private static void paths(CommandLine command, String path, List<String> all) {
        command.getSubcommands().forEach((word, sub) -> {
            String longer = joined(path, word);
            all.add(longer);
            paths(sub, longer, all);
        });
    }

    private static String joined(String path, String word) {
        return path.isEmpty() ? word : path + " " + word;
    }

    // Options and their values may stand anywhere between the words of a command.
    private void begin(List<String> paths) {
        line("# Completion of " + name + " for fish.");
        line("function " + at + " --description 'Whether the words before the cursor name this command'");
        line("    set --local known "
                + String.join(" ", paths.stream().map(FishCompletion::quoted).toList()));
        line("    set --local path");
        line("    for word in (commandline --tokenize --cut-at-cursor --current-process)[2..-1]");
        line("        if contains -- (string join ' ' -- $path $word) $known");
        line("            set --append path $word");
        line("        end");
        line("    end");
        line("    test \"$path\" = \"$argv[1]\"");
        line("end");
        line("complete --command " + name + " --erase");
        line("complete --command " + name + " --no-files");
    }

    private void command(CommandLine command, String path) {
        CommandSpec spec = command.getCommandSpec();
        command.getSubcommands()
                .forEach((word, sub) -> complete(
                        path,
                        "--arguments " + word,
                        sub.getCommandSpec().usageMessage().description()));
        spec.options().stream().filter(option -> !option.hidden()).forEach(option -> option(path, option));
        spec.positionalParameters().stream()
                .filter(parameter -> !parameter.hidden())
                .forEach(parameter -> parameter(path, parameter));
        command.getSubcommands().forEach((word, sub) -> command(sub, joined(path, word)));
    }

    private void option(String path, OptionSpec option) {
        List<String> words = new ArrayList<>();
        for (String each : option.names()) {
            words.add(
                    each.startsWith("--")
                            ? "--long-option " + each.substring(2)
                            : "--short-option " + each.substring(1));
        }
        if (option.arity().max() > 0) {
            words.add(value(option));
        }
        complete(path, String.join(" ", words), option.description());
    }

    private void parameter(String path, PositionalParamSpec parameter) {
        if (isFile(parameter)) {
            complete(path, "--force-files", parameter.description());
        } else if (parameter.completionCandidates() != null) {
            complete(path, "--arguments " + candidates(parameter), parameter.description());
        }
    }

    private static String value(ArgSpec argument) {
        if (isFile(argument)) {
            return "--require-parameter --force-files";
        }
        return argument.completionCandidates() == null
                ? "--exclusive"
                : "--exclusive --arguments " + candidates(argument);
    }

    private static boolean isFile(ArgSpec argument) {
        Class<?> type = argument.auxiliaryTypes()[0];
        return type == Path.class || type == File.class;
    }

    private static String candidates(ArgSpec argument) {
        List<String> values = new ArrayList<>();
        argument.completionCandidates().forEach(values::add);
        return quoted(String.join(" ", values));
    }

    private void complete(String path, String what, String[] description) {
        String first = description.length == 0 ? "" : " --description " + quoted(String.format(description[0]));
        line("complete --command " + name + " --condition " + quoted(at + " " + quoted(path)) + " " + what + first);
    }

    private void line(String text) {
        script.append(text).append('\n');
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}

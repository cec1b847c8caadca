// No loose promise: each is awaited, returned, handled or marked with `void`. The compiler's types find those that a
// linter does not see: from Node, from other packages, and async functions where a caller expects none.
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { root, runTool, ToolError } from "./lib/command.mjs";

/** These files, else the sources of all projects, in one program: it needs no build, and reads shared types once. */
function createProgram(namedFiles) {
  const read = (path) => {
    const { config } = ts.readConfigFile(path, ts.sys.readFile);
    return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  };
  const projects = read(join(root, "tsconfig.json")).projectReferences.map(({ path }) =>
    read(join(path, "tsconfig.json")),
  );
  const options = { ...read(join(root, "tsconfig.base.json")).options, composite: false, noEmit: true };
  const fileNames = namedFiles.length > 0 ? namedFiles : projects.flatMap((project) => project.fileNames);
  return {
    fileNames,
    program: ts.createProgram(fileNames, { ...options, customConditions: ["muster-source"] }),
  };
}

/** The problems in a program's files, as "file:line:column what". */
function problemsOf({ fileNames, program }) {
  const checker = program.getTypeChecker();
  const problems = [];

  /** Promise and its subclasses; not whatever has a `then`, as Fastify's replies have. */
  const isPromise = (type) => {
    if (type.isUnion()) return type.types.some(isPromise);
    if (type.symbol?.name === "Promise") return true;
    return type.isClassOrInterface() ? checker.getBaseTypes(type).some(isPromise) : isSubclassed(type);
  };
  const isSubclassed = (type) =>
    type.target?.isClassOrInterface() === true && type.target !== type && isPromise(type.target);
  const returnsPromise = (type) => {
    const signatures = type.getCallSignatures();
    return signatures.length > 0 && signatures.every((signature) => isPromise(signature.getReturnType()));
  };
  const returnsVoid = (type) => {
    const branches = type.isUnion() ? type.types : [type];
    const signatures = branches.flatMap((branch) => branch.getCallSignatures());
    return (
      signatures.length > 0 &&
      signatures.every((signature) => (signature.getReturnType().flags & ts.TypeFlags.Void) !== 0)
    );
  };
  /** A rejection handler takes care of a promise: `.catch(f)`, `.then(f, g)`, and `.finally` after either. */
  const isHandled = (call) => {
    if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return false;
    const { name, expression } = call.expression;
    if (name.text === "catch") return call.arguments.length > 0;
    if (name.text === "then") return call.arguments.length > 1;
    return name.text === "finally" && isHandled(expression);
  };
  const report = (node, what) => {
    const source = node.getSourceFile();
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart());
    problems.push(`${relative(root, source.fileName)}:${line + 1}:${character + 1} ${what}`);
  };

  const visit = (node) => {
    if (ts.isExpressionStatement(node)) {
      const { expression } = node;
      const isAssignment =
        ts.isBinaryExpression(expression) && ts.isAssignmentOperator(expression.operatorToken.kind);
      if (!isAssignment && !isHandled(expression)) {
        const type = checker.getTypeAtLocation(expression);
        const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type) : [];
        if (isPromise(type)) report(node, "this promise is neither awaited nor handled");
        else if (element !== undefined && isPromise(element)) report(node, "these promises are not awaited");
      }
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node))
      for (const argument of node.arguments ?? []) {
        const expected = checker.getContextualType(argument);
        if (
          expected !== undefined &&
          returnsVoid(expected) &&
          returnsPromise(checker.getTypeAtLocation(argument))
        )
          report(argument, "the caller does not wait for this async function");
      }
    if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
      const condition = node.expression ?? node.condition;
      const type = checker.getTypeAtLocation(condition);
      if (!type.isUnion() && isPromise(type)) report(condition, "a promise is always true here");
    }
    ts.forEachChild(node, visit);
  };
  for (const name of fileNames) visit(program.getSourceFile(name));
  return problems;
}

await runTool(() => {
  const workspace = createProgram(process.argv.slice(2));
  const problems = problemsOf(workspace);
  if (problems.length > 0)
    throw new ToolError(`${problems.join("\n")}\nAwait, return or handle it, or hand it to Background.run.`);
  console.log(`✓ no loose promise in ${workspace.fileNames.length} files`);
});

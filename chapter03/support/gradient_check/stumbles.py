"""What is said of an error of Python or NumPy, in English and Chinese: tables, no code."""

# fmt: off
INIT = ("`{0}` is never called: its name has to be `__init__`, with two underscores on each side.",
        "`{0}` 从来不会被调用：名字要写成 `__init__`，前后各两个下划线。")
MEANT = ("there is no `{0}`: `{1}` is meant.", "没有 `{0}`：这里应该是 `{1}`。")
KEPT = (" Forward has kept {0}.", "forward 存下的有 {0}。")
NEVER_SET = ("self.{0} was never set: what backward needs has to be kept by forward, in self, "
             "under this name.{close}{kept}",
             "从来没有设置过 self.{0}：backward 要用的量，要先在 forward 里用同样的名字存进 self。"
             "{close}{kept}")
# What matches `method: message` and, below it, the line of code: the first pattern counts. {0},
# {1} are the parts in parentheses, {close} a name that resembles the misspelt one, {kept} what
# forward has kept, {first} the method's first line, {array} an array whose rows can be counted.
STUMBLES = [
    ("AssertionError", "an `assert` of your own stops here: is what it demands true?",
     "是你自己写的 assert 停在了这里：它的要求成立吗？"),
    (r"'\S*·\S*'", "to Python `·` is part of a name: type `*` (`@` for matrices) in its place.",
     "Python 把 `·` 当成名字的一部分：请换成 `*`（矩阵乘法是 `@`）。"),
    (r"(?:ufunc|Dispatcher|function|method|type)' object is not subscriptable|type 'range' is not",
     "a function is called by parentheses; brackets take an entry of an array: np.zeros(n).",
     "调用函数要用圆括号，方括号是取数组的元素：np.zeros(n)。"),
    ("^Softmax.*OverflowError",
     "math.exp stops with an error where the result is too large: first subtract the largest x of "
     "the row, exp(x - max).",
     "结果太大时 math.exp 会报错停下：先减去这一行最大的 x，exp(x - max)。"),
    ("OverflowError",
     "math.exp stops with an error where the result is too large; np.exp gives inf, and 1 / inf "
     "is 0.",
     "结果太大时 math.exp 会报错停下；np.exp 得 inf，而 1 / inf 是 0。"),
    (r"(?:ArrayType|must be an array)\n.*(?:max|min|sum)\([^()]*, *True",
     "the value after the axis is an array for the result: keepdims has to be named, "
     "keepdims=True.",
     "轴后面的参数是存放结果的数组：keepdims 要写名字，keepdims=True。"),
    (r"(?:ArrayType|must be an array)\n.*(?:max|min|sum)\([^()]*, *\[\]",
     "max(x, [], 2) is MATLAB's. NumPy's is np.max(x, axis=1, keepdims=True): axes count from 0.",
     "max(x, [], 2) 是 MATLAB 的写法。NumPy 里是 np.max(x, axis=1, keepdims=True)：轴从 0 数起。"),
    ("ndarray' object has no attribute '(exp|log|tanh|sqrt|abs|maximum|outer|where)'",
     "that is no method of arrays, it is a function of NumPy: np.{0}(...).",
     "这不是数组的方法，而是 NumPy 的函数：np.{0}(...)。"),
    (r"'(?:numpy\.(?:float|int|bool)\w*|float)' object is not iterable|"
     r"'(?:numpy\.(?:float|int|bool)\w*|float|int)' object (?:is not subscr|does not support item)",
     "that is a single number: it has no rows or entries to take, to set or to loop over.",
     "这是单独的一个数，没有行或元素可取、可设，也不能循环。"),
    ("ArrayType|must be an array|output array (?:has|is not)|Output operand",
     "NumPy takes the last value here for an array to put the result into. Compute with it by an "
     "operator (+, /) instead.",
     "NumPy 把这里的最后一个参数当成存放结果的数组了。请改用运算符（+、/）。"),
    ("read-only",
     "this array only shows another one and cannot be written to: copy it first, np.array(y).",
     "这个数组只是另一个数组的视图，不能写入：请先复制，np.array(y)。"),
    (r"(vstack|hstack|stack|concatenate)\(\) takes",
     "the arrays to be joined are given as one list: np.{0}([a, b]).",
     "要拼接的数组放在一个列表里：np.{0}([a, b])。"),
    ("must match exactly",
     "arrays are joined along axis=0 (below each other) or axis=1 (side by side) and need the same "
     "size in the other one. Rows are easier collected in a list: np.array(rows) at the end.",
     "axis=0 是上下拼，axis=1 是左右拼，另一个轴的大小要一样。逐行收集时，用 list 更简单：最后 "
     "np.array(rows)。"),
    ("operands provided",
     "np.einsum takes one array for each group of letters before ->, no more and no fewer.",
     "np.einsum 里 -> 前面有几组字母，后面就给几个数组，不多也不少。"),
    ("shape-mismatch for sum",
     "np.tensordot sums over two axes unless axes=1 is given; the matrix product is @.",
     "np.tensordot 不写 axes=1 就会沿两个轴求和；矩阵乘法是 @。"),
    ("einstein sum|einsum|subscripts",
     "in np.einsum each letter before -> is an axis of that array, and one letter has one size.",
     "np.einsum 里 -> 前面的每个字母是那个数组的一个轴，同一个字母的大小要一样。"),
    ("Last 2 dimensions",
     "np.linalg.inv inverts a matrix; entry by entry it is 1 / a.",
     "np.linalg.inv 是矩阵求逆；逐元素取倒数写成 1 / a。"),
    ("boolean index did not match",
     "a mask needs the shape of the array that it picks from.", "掩码的形状要和被选的数组一样。"),
    ("boolean array index",
     "on the left the mask picks some entries; the right is to be computed from these: x[mask].",
     "左边用掩码只取了一部分元素，右边也只能用这一部分来算：x[mask]。"),
    ("Cannot cast ufunc",
     "floats are put into an array of whole numbers. np.zeros without dtype=int holds floats.",
     "把小数放进了整数的数组。np.zeros 不写 dtype=int 就是浮点数。"),
    ("Cannot interpret '(?:True|False)' as a data type",
     "the value after the axis is the dtype: keepdims has to be named, keepdims=True.",
     "轴后面的参数是 dtype：keepdims 要写名字，keepdims=True。"),
    ("Cannot interpret '.*' as a data type",
     "the sizes belong in one more pair of brackets: np.zeros((n, m)).",
     "各维的大小要另加一层括号：np.zeros((n, m))。"),
    ("KeyError: '?(.*?)'?$", "the dictionary has no {0}: it was put in under another name.",
     "字典里没有 {0}：存进去时用的是别的名字。"),
    ("'tuple' object has no attribute",
     "that is a tuple, several values in one: take them apart, as in `x, W = self.cache`. (A comma "
     "at the end of a line makes one too.)",
     "这是一个 tuple，里面有好几个值：要先拆开，例如 `x, W = self.cache`。（行末多一个逗号也会变成 "
     "tuple。）"),
    ("unsupported operand.*'tuple'",
     "that is a tuple. If it is a shape: the number of rows is its first entry, shape[0].",
     "这是一个 tuple。如果是 shape：行数是其中的第一个数，shape[0]。"),
    ("'int' object is not iterable", "`for` goes through range(n), not through the number n.",
     "for 循环要写 range(n)，而不是数 n 本身。"),
    (r"^Cross.*(maximum|minimum)\(\)",
     "np.{0} compares with a second value, as in np.maximum(y_hat, 1e-12). Does a bracket close "
     "too early?",
     "np.{0} 要和第二个值比较，例如 np.maximum(y_hat, 1e-12)。是不是括号关早了？"),
    (r"(maximum|minimum)\(\)",
     "np.{0} compares two arrays entry by entry. The largest (smallest) of each row is given by "
     "np.max (np.min) with axis=1 and keepdims=True.",
     "np.{0} 是两个数组逐元素比较。求每一行的最大（最小）值用 np.max（np.min），加上 axis=1、"
     "keepdims=True。"),
    (r"(?:interpreted as an integer|scalar index|truth value)"
     r"\n.*np\.(max|min|amax|amin)\([^()]*(?:\([^()]*\)[^()]*)*,(?! *(?:axis|keepdims|-?\d+\)))|"
     r"interpreted as an integer\n.*\w\.(max|min)\((?!axis|-?\d+\)|\))",
     "{0} takes this number for an axis. To compare two arrays, or an array and a limit, entry by "
     "entry, use np.maximum or np.minimum.",
     "{0} 把这个数当成轴。两个数组（或者数组和一个界限）逐元素比较，要用 np.maximum、np.minimum。"),
    (r"(?:interpreted as an integer|scalar index)"
     r"\n.*np\.(sum|mean)\([^()]*(?:\([^()]*\)[^()]*)*,(?! *(?:axis|keepdims|-?\d+\)))",
     "np.{0} takes its second argument for an axis: multiply the arrays first, np.{0}(a * b).",
     "np.{0} 把第二个参数当成轴：先把数组相乘，np.{0}(a * b)。"),
    (r"not callable\n.*(?<!np)\.size\(",
     "PyTorch's size(0) is shape[0] in NumPy, its view is reshape, its dim= is axis=.",
     "PyTorch 的 size(0) 在 NumPy 里是 shape[0]，view 是 reshape，dim= 是 axis=。"),
    (r"not callable\n.*(?<!np)\.(T|shape|size|ndim)\(",
     "{0} is no function: without parentheses after it.", "{0} 不是函数，后面不加括号。"),
    (r"not callable\n.*np\.e\(", "np.e is the number 2.718...: e to the power of x is np.exp(x).",
     "np.e 是数 2.718...，不是函数：e 的 x 次方写成 np.exp(x)。"),
    (r"(?:ndarray|float\w*|int\w*|tuple|list)' object is not callable",
     "Python takes `a(b)` for a call. In a product, `*` (`@` for matrices) has to stand before the "
     "parenthesis; an entry of an array is `a[i]`. (Or a variable has the name of a function.)",
     "Python 把 `a(b)` 看成函数调用。相乘时括号前要写 `*`（矩阵乘法写 `@`）；数组的元素是 `a[i]`。"
     "（也可能是变量和函数重名了。）"),
    (r"\b(?!forward|backward)(\w+)\(\) takes \d+ positional arguments? but.*\n.*self\.\1\(",
     "{0} belongs to the class: its first parameter has to be self, `def {0}(self, ...)`. (Or it "
     "is given more values than it takes.)",
     "{0} 是类里的方法：第一个参数要写 self，`def {0}(self, ...)`。（也可能是给的参数太多。）"),
    (r"(forward|backward)\(\) (?:takes|missing|got).*\n(?! *def ).*\b\1\(",
     "this line calls {0} with other parameters than it has. On the object itself it is "
     "self.{0}(...).",
     "这一行调用 {0} 时参数不对。对这个对象自己调用，要写 self.{0}(...)。"),
    (r"(?:forward|backward)\(\) (?:takes|missing|got)",
     "a call does not fit the parameters: the method has to begin with `{first}`.",
     "调用和参数对不上：方法的第一行应该是 `{first}`。"),
    ("NoneType|of type None",
     "a value is None: it was never set, or a function has no `return` or works in place.",
     "有一个值是 None：它没有赋过值，或者来自没写 return（或原地操作）的函数。"),
    ("builtin_function_or_method|'method'|'numpy.ufunc'|'function'|Dispatcher'",
     "a function stands where its result belongs: it has to be called, as x.max() or f(x).",
     "该用结果的地方用了函数本身：要写成调用，例如 x.max() 或 f(x)。"),
    ("RecursionError",
     "the method calls itself again and again, and never stops on this batch: compute the result "
     "directly.",
     "方法不停地调用自己，遇到这一批就停不下来：请直接算出结果。"),
    (r"(?:Linear'(?: object)? has no attribute|^Linear.*NameError: name) "
     r"'([wWbB]|weights?|bias|params?)'",
     "the weights are kept in the object as __init__ names them: self.W (a capital) and self.b.",
     "权重存在对象里，名字是 __init__ 里定的：self.W（大写）和 self.b。"),
    ("(?:NameError: name|has no attribute) "
     "'(lr|learning_rate|eta|alpha|opt|optim|optimizer|decay|weight_decay|reg|momentum)'",
     "no {0} is needed here: a layer computes gradients, the step is the optimizer's.",
     "这里不需要 {0}：层只管计算梯度，更新权重是优化器的事。"),
    (r"object has no attribute '(grad_[Wb])'\n.*[-+*/]=",
     "there is no self.{0} yet, so nothing can be added to it (+=): every call sets it anew (=).",
     "还没有 self.{0}，没法往上累加（+=）。backward 每次调用都要重新设置它（=）。"),
    ("object has no attribute '(grad_[Wb])'",
     "there is no self.{0} yet: set it as a whole, self.{0} = ... Single entries can be set once "
     "there is an array, such as np.zeros_like.",
     "还没有 self.{0}：要先整个赋值，self.{0} = ...。要逐个元素赋值，得先有数组，例如 "
     "np.zeros_like。"),
    (r"^(?:Sigmoid|Softmax|Cross).*object has no attribute '(W|b|weights?|bias)'",
     "this layer has no {0}: weights and bias belong to Linear.",
     "这一层没有 {0}：权重和偏置是 Linear 的。"),
    (r"'(?:Linear|Sigmoid|Softmax)' object has no attribute '(labels?|targets?|y_true|t)'|"
     r"^(?:Linear|Sigmoid|Softmax)\..*name '(labels?|targets?|y_true|t)' is not",
     "this layer needs no labels: the loss uses them, and its part arrives in grad_y.",
     "这一层不需要标签：用到标签的是损失函数，它的那部分已经在传来的 grad_y 里了。"),
    (r"'\w+' object has no attribute '(\w+)'\n.*self\.\1\(|type object '\w+' has no attribute "
     r"'(\w+)'",
     "this class has no method {0}: write it, with self as first parameter, or compute it here."
     "{close}",
     "这个类里没有方法 {0}：要么写一个（第一个参数是 self），要么直接在这里算。{close}"),
    (r"object has no attribute '(\w+)'\nself\.\1\b[^=]*[-+*/@]=",
     "there is no self.{0} yet, so nothing can be added to it: each call has to set it anew (=).",
     "还没有 self.{0}，没法在它上面累加：每次调用都要重新设置它（=）。"),
    ("'(?:Linear|Sigmoid|Softmax|CrossEntropyLoss)' object has no attribute '(.*?)'", *NEVER_SET),
    ("has no attribute '(ln)'", "NumPy's natural logarithm is np.log.",
     "NumPy 的自然对数是 np.log。"),
    ("module 'numpy' has no attribute '(float|int|bool|object)'",
     "np.{0} no longer exists: use Python's own {0}, or np.float64 or np.float32.",
     "np.{0} 已经取消了：用 Python 自带的 {0}，或者 np.float64、np.float32。"),
    ("memoryview", "in NumPy, x.data is the raw memory (PyTorch has a .data): take x itself.",
     "NumPy 的 x.data 是原始内存（PyTorch 才有那样的 .data）：直接用 x。"),
    (r"'numpy.*' object has no attribute '(length|len|count|rows|nrows)'",
     "an array has no .{0}: its rows are counted by len(y) or y.shape[0].",
     "数组没有 .{0}：行数是 len(y) 或 y.shape[0]。"),
    ("has no attribute '(unsqueeze|view|clone|mm|t)'",
     "{0} is PyTorch's. In NumPy: x[:, None] for unsqueeze, reshape for view, copy for clone, @ "
     "for mm, .T for t().",
     "{0} 是 PyTorch 的写法。NumPy 里 unsqueeze 写成 x[:, None]，view 写成 reshape，clone 写成 "
     "copy，mm 写成 @，t() 写成 .T。"),
    ("(?:'numpy.*' object|module 'numpy') has no attribute '(.*?)'",
     "NumPy has no {0} there: is it another library's, or misspelt?{close}",
     "NumPy 在这里没有 {0}：是别的库的写法，还是拼错了？{close}"),
    ("name 'np'", "`import numpy as np` is missing.", "文件开头漏了 `import numpy as np`。"),
    ("NameError: name '(exp|log|sqrt|dot|sum|tanh|zeros|ones|where|maximum|matmul|mean|outer|size|"
     "eye|diag|clip|array)'",
     "NumPy's functions need np. in front: np.{0}.", "NumPy 的函数要写成 np.{0}。"),
    ("(?:NameError: name|No module named) '(torch|F|nn|math|scipy|expit|tf|special)",
     "{0} is not imported, or not installed. The layers need NumPy only.",
     "{0} 没有导入，或者没有安装。这些层只需要 NumPy。"),
    ("name '([NnmMDdBC]|batch|batch_size|bs|num_samples|n_samples|num_classes)'",
     "there is no variable {0} here. Rows are counted by len({array}), columns by "
     "{array}.shape[1]; only the loss divides by the number of rows.{close}",
     "这里没有变量 {0}。行数是 len({array})，列数是 {array}.shape[1]；只有损失才除以行数。{close}"),
    (r"name '(e)'.*\n.*\be *(?:\*\*|\^)", "e to the power of x is np.exp(x).",
     "e 的 x 次方写成 np.exp(x)。"),
    ("name '(true|false|null|none)'",
     "Python writes True, False and None, with a capital letter.",
     "Python 里写成 True、False、None，首字母大写。"),
    ("bitwise_xor|for \\^", "^ does not raise to a power in Python; ** does. (A transpose is x.T.)",
     "Python 里 ^ 不是乘方，乘方写成 **。（转置是 x.T。）"),
    ("^Cross.*name '(softmax)'",
     "there is no function softmax here, and none is needed: y_hat holds probabilities already.",
     "这里没有函数 softmax，也用不着它：y_hat 已经是概率了。"),
    (r"name '(\w+)' is not defined\n.*\b\1\(",
     "there is no function {0} here: write it out with NumPy's own functions.{close}",
     "这里没有函数 {0}：请用 NumPy 的函数把它写出来。{close}"),
    ("NameError: name '(.*?)'",
     "there is no variable {0} here: is it misspelt, to be taken from self, or a product without "
     "its operator? The parameters are those of `{first}`.{close}",
     "这里没有变量 {0}：是拼错了，该从 self 里取，还是乘法漏了运算符？参数只有 `{first}` 里的这些。"
     "{close}"),
    (r"local variable '(sum|max|min|len|range|abs|list|np)'.*\n.*(?<![\w.])\1[(.]",
     "{0} is given a value in this method, so it is no longer the function: choose another name.",
     "这个方法里给 {0} 赋了值，它就不再是原来的函数：请换一个变量名。"),
    ("local variable '(.*?)'",
     "{0} is used before it has a value: is a line above it missing (such as `{0} = 0`), or within "
     "an `if`?",
     "{0} 还没有赋值就用了：是不是上面漏了一行（例如 `{0} = 0`），或者那一行写在 if 里？"),
    (r"TypeError.*(?:sum\(\)|argument|integer).*\n(?:.*[^.\w])?sum\(",
     "Python's own sum knows neither axis= nor keepdims=; np.sum does.",
     "Python 自带的 sum 没有 axis=、keepdims=；np.sum 才有。"),
    (r"unexpected keyword argument '(\w+)'|'(\w+)' is an invalid keyword",
     "{0}= is unknown here. NumPy's sums and maxima have axis= and keepdims= (PyTorch's are dim= "
     "and keepdim=); np.exp, np.log and Python's own sum have none of them.",
     "这里没有参数 {0}=。NumPy 的求和、最大值用 axis=、keepdims=（PyTorch 才是 dim=、keepdim=），"
     "np.exp、np.log 和 Python 自带的 sum 都没有这些参数。"),
    ("positional argument|takes at (?:most|least)|incorrect number of|invalid number of arguments",
     "a function on this line takes more, or fewer, values than it is given. Does a bracket close "
     "too early?",
     "这一行里，给某个函数的参数个数不对。是不是括号关早了？"),
    ("0-dimensional|(?:length|size)[- ]1|must be real number",
     "a function for a single number (math.exp, math.log, float, int) was given an array; NumPy's "
     "functions take arrays.",
     "只能处理一个数的函数（math.exp、math.log、float、int）拿到了数组；NumPy 的函数才能处理"
     "数组。"),
    (r"values to unpack.*\n.*for [^()]* in [^()]*,[^()]*:",
     "to go through two arrays at once, a zip is missing: `for y, g in zip(a, b):`.",
     "要同时走两个数组，漏了 zip：`for y, g in zip(a, b):`。"),
    (r"values to unpack.*\n.*enumerate\(zip\(",
     "enumerate gives two things, a number and the pair that zip makes; the pair needs brackets: "
     "`for i, (y, g) in enumerate(zip(...))`.",
     "enumerate 每次给出两样东西：编号，以及 zip 配成的一对；这一对要加括号：`for i, (y, g) "
     "in enumerate(zip(...))`。"),
    ("values to unpack", "there are more (or fewer) names on the left than values on the right.",
     "左边变量的个数和右边值的个数不一样。"),
    (r"truth value.*\n.*vectorize\(",
     "np.vectorize is given a function, and not what it returns.",
     "np.vectorize 的参数是函数本身，而不是它算出的结果。"),
    ("truth value of an array",
     "`if`, `and`, `max` need a single truth value; comparing an array gives one for each entry. "
     "np.where, or a mask, decides entry by entry.",
     "if、and、max 需要单个的真假值；数组比较的结果是每个元素各有一个真假值。要逐元素判断，用 "
     "np.where 或掩码。"),
    (r"(?:only integer|scalar index|as an integer).*\n.*\b(range|zeros|ones|empty|reshape|eye)\(",
     "{0} takes whole numbers, such as len(y) or y.shape[1], and no array or list.",
     "{0} 的参数是整数，例如 len(y)、y.shape[1]，不能是数组或 list。"),
    ("'list' object cannot be interpreted as an integer",
     "an axis is a number without brackets: axis=1.", "轴是一个数，不加方括号：axis=1。"),
    (r"^(?:Linear|Sigmoid|Softmax)\.backward.*(?:used as indices|only integer|indexing arrays).*"
     r"\n.*\[[^]]*grad_y",
     "an index has to be an integer. grad_y is no label but a gradient; no labels arrive here.",
     "下标必须是整数。grad_y 是梯度，不是标签；这一层没有标签。"),
    ("^Cross.*(?:used as indices|only integer|indexing arrays)",
     "an index has to be an integer; the rows of y are one-hot: the class is the column with the "
     "1.",
     "下标必须是整数；y 的每一行是独热编码，1 所在的列才是类别。"),
    ("used as indices|only integer|indexing arrays",
     "an index has to be an integer, or a mask of True and False. `for y in rows` gives the rows "
     "(or numbers) themselves; their indices are in range(len(rows)).",
     "下标必须是整数，或者由 True、False 组成的掩码。`for y in rows` 得到的是各行（或各个数）本身，"
     "它们的下标是 range(len(rows))。"),
    ("axes don't match",
     "transpose takes one number for each axis, and here there are two. (.T swaps them, "
     "[:, None, :] adds one.)",
     "transpose 的参数个数要和数组的轴数一样，这里只有两个轴。（.T 交换两个轴，[:, None, :] 添一个"
     "轴。）"),
    ("out of bounds|too many indices|AxisError",
     "the array has no such axis or index: both count from 0, and a sum takes an axis away.",
     "数组没有这个轴或下标：轴和下标都从 0 数起，求和还会去掉一个轴。"),
    (r"^Softmax\.backward.*broadcast input array from shape \((\d+),\1\)",
     "the Jacobian of a row is put where its product with that row of grad_y belongs.",
     "放进去的是这一行的雅可比矩阵，而应该是它和 grad_y 这一行的乘积。"),
    ("inhomogeneous",
     "np.array wants rows of the same length: here some are longer than others, or are numbers.",
     "np.array 要求各行一样长：这里有的行长短不一，或者有的是单个的数。"),
    ("with a sequence",
     "one entry is given several numbers: x[i] is a row of the batch, x[:, j] a column, and an "
     "entry is x[i, j].",
     "把好几个数放进了一个元素里：x[i] 是这一批的一行，x[:, j] 是一列，一个元素是 x[i, j]。"),
    (r"^Softmax\.backward.*cannot reshape.*\n.*grad_y\.reshape",
     "grad_y has the shape of y, and is no label: each row of it is multiplied by the Jacobian of "
     "its own row.",
     "grad_y 的形状和 y 一样，它不是标签：它的每一行要乘上自己那一行的雅可比矩阵。"),
    ("cannot reshape",
     "reshape arranges the same numbers anew: the new shape has to hold just as many.",
     "reshape 只是把同样的数重新排列：新形状的元素个数必须一样多。"),
    ("broadcast input|concatenation|same number",
     "an array does not fit into the place where it is put (an entry, a row, another shape).",
     "数组放不进那个位置：目标（元素、行或形状）的大小和它不一样。"),
    ("'list'",
     "a Python list does not compute entry by entry: np.array(...) makes an array of it.",
     "Python 的 list 不会逐元素计算：先用 np.array(...) 变成数组。"),
    ("SystemExit", "the method ends the program (exit).", "这个方法结束了整个程序（exit）。"),
    ("NotImplementedError", "a line with `raise` is still there.", "raise 那一行还在。"),
    ("enough dimensions|for @:",
     "@ multiplies matrices and vectors; two numbers are multiplied by *.",
     "@ 用于矩阵和向量；两个数相乘用 *。"),
    ("matmul|not aligned|core dimension",
     "the inner sizes of a matrix product have to agree: write the shape under each factor.",
     "矩阵乘法里内侧的两个数必须相等：请在每个因子下面写上形状。"),
    ("could not be broadcast(?!.*remapped)",
     "*, +, - and / work entry by entry: the sizes, read from the right, have to be equal, or one "
     "of them 1.",
     "逐元素运算时，从右往左看，各维的大小要相等，或者其中一个是 1。"),
]
SIZE = ("{0} is written into the code as a size. Batches and layers differ: take it from a shape.",
        "代码里把大小写死成了 {0}。每一批、每一层都可能不同，要从数组的 shape 得到。")
ONES = ("a column is appended (for the bias?). W has no row for it; b is added to the product.",
        "添了一列（是为偏置添的吗？）。W 里没有对应的一行；b 是乘完以后再加的。")
